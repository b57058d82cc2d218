/* SPDX-License-Identifier: GPL-2.0 */
/* An event channel to another domain. */
#ifndef CK_EVTCHN_H
#define CK_EVTCHN_H

#include <linux/interrupt.h>
#include <linux/types.h>

/**
 * struct ck_evtchn - an event channel to the other domain
 * @irq: its interrupt, 0 if it is not set up
 * @port: the port here
 */
struct ck_evtchn {
	int irq;
	u32 port;
};

int ck_evtchn_alloc(struct ck_evtchn *evtchn, u16 domid, unsigned int cpu,
		  irq_handler_t handler, const char *name, void *arg);
int ck_evtchn_bind(struct ck_evtchn *evtchn, u16 domid, u32 remote_port,
		 unsigned int cpu, irq_handler_t handler, const char *name,
		 void *arg);
void ck_evtchn_set_cpu(struct ck_evtchn *evtchn, unsigned int cpu);
void ck_evtchn_notify(struct ck_evtchn *evtchn);
void ck_evtchn_eoi(struct ck_evtchn *evtchn, bool spurious);
bool ck_evtchn_bound(const struct ck_evtchn *evtchn);
void ck_evtchn_close(struct ck_evtchn *evtchn, void *arg);

#endif /* CK_EVTCHN_H */
