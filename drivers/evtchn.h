/* SPDX-License-Identifier: GPL-2.0 */
/* An event channel to another domain. */
#ifndef CK_EVTCHN_H
#define CK_EVTCHN_H

#include <linux/interrupt.h>
#include <linux/types.h>
#include <xen/events.h>

struct ck_account;

/**
 * struct ck_evtchn - an event channel to the other domain
 * @account: the other domain's, to which it is charged
 * @irq: its interrupt, 0 if it is not set up
 * @port: the port here
 */
struct ck_evtchn {
	struct ck_account *account;
	int irq;
	u32 port;
};

/* Send the other domain an event; any context. */
static inline void ck_evtchn_notify(struct ck_evtchn *evtchn)
{
	notify_remote_via_irq(evtchn->irq);
}

/* The event that the handler was called for has been served; any context. @spurious: there
 * was nothing to do (XSA-332).
 */
static inline void ck_evtchn_eoi(struct ck_evtchn *evtchn, bool spurious)
{
	xen_irq_lateeoi(evtchn->irq, spurious ? XEN_EOI_FLAG_SPURIOUS : 0);
}

/* Have another CPU handle the events, if that can be had; may sleep. */
static inline void ck_evtchn_set_cpu(struct ck_evtchn *evtchn, unsigned int cpu)
{
	irq_set_affinity(evtchn->irq, cpumask_of(cpu));
}

int ck_evtchn_open(struct ck_evtchn *evtchn, struct ck_account *account,
		   const u32 *remote_port, irq_handler_t handler, const char *name, void *arg);
bool ck_evtchn_bound(const struct ck_evtchn *evtchn);
void ck_evtchn_close(struct ck_evtchn *evtchn, void *arg);

#endif /* CK_EVTCHN_H */
