// SPDX-License-Identifier: GPL-2.0
/* An event channel to another domain. */

#include <xen/events.h>
#include <xen/interface/event_channel.h>
#include <asm/xen/hypercall.h>

#include "evtchn.h"

static void close_port(u32 port)
{
	struct evtchn_close close = { .port = port };

	if (HYPERVISOR_event_channel_op(EVTCHNOP_close, &close))
		pr_err("cokeeper: cannot close event channel %u\n", port);
}

/**
 * ck_evtchn_set_cpu() - have another CPU handle the events
 * @evtchn: set up; may sleep
 * @cpu: that CPU. It is only better, so that this may fail is no harm
 */
void ck_evtchn_set_cpu(struct ck_evtchn *evtchn, unsigned int cpu)
{
	irq_set_affinity(evtchn->irq, cpumask_of(cpu));
}

static int bind_irq(struct ck_evtchn *evtchn, unsigned int cpu,
		    irq_handler_t handler, const char *name, void *arg)
{
	int irq = bind_evtchn_to_irq_lateeoi(evtchn->port);
	int err;

	if (irq < 0) {
		close_port(evtchn->port);
		return irq;
	}
	err = request_irq(irq, handler, 0, name, arg);
	if (err) {
		/* Closes the port as well. */
		evtchn_put(evtchn->port);
		return err;
	}
	evtchn->irq = irq;
	ck_evtchn_set_cpu(evtchn, cpu);
	return 0;
}

/**
 * ck_evtchn_alloc() - make an event channel for a domain to bind to
 * @evtchn: to be set up; @evtchn->port is what that domain needs to know
 * @domid: that domain
 * @cpu: CPU to handle the events
 * @handler: called in hard interrupt context; its event stays masked until
 *	ck_evtchn_eoi()
 * @name: of the interrupt, kept
 * @arg: for @handler
 *
 * Return: 0 or a negative errno.
 */
int ck_evtchn_alloc(struct ck_evtchn *evtchn, u16 domid, unsigned int cpu,
		  irq_handler_t handler, const char *name, void *arg)
{
	struct evtchn_alloc_unbound alloc = {
		.dom = DOMID_SELF,
		.remote_dom = domid,
	};
	int err = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);

	if (err)
		return err;
	evtchn->port = alloc.port;
	return bind_irq(evtchn, cpu, handler, name, arg);
}

/**
 * ck_evtchn_bind() - bind to an event channel that another domain made for us
 * @evtchn: to be set up
 * @domid: that domain
 * @remote_port: the port there
 * @cpu: as for ck_evtchn_alloc()
 * @handler: as for ck_evtchn_alloc()
 * @name: as for ck_evtchn_alloc()
 * @arg: as for ck_evtchn_alloc()
 *
 * Return: 0 or a negative errno.
 */
int ck_evtchn_bind(struct ck_evtchn *evtchn, u16 domid, u32 remote_port,
		 unsigned int cpu, irq_handler_t handler, const char *name,
		 void *arg)
{
	struct evtchn_bind_interdomain bind = {
		.remote_dom = domid,
		.remote_port = remote_port,
	};
	int err = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);

	if (err)
		return err;
	evtchn->port = bind.local_port;
	return bind_irq(evtchn, cpu, handler, name, arg);
}

/**
 * ck_evtchn_notify() - send the other domain an event
 * @evtchn: set up; any context
 */
void ck_evtchn_notify(struct ck_evtchn *evtchn)
{
	notify_remote_via_irq(evtchn->irq);
}

/**
 * ck_evtchn_eoi() - the event that the handler was called for has been served
 * @evtchn: set up; any context
 * @spurious: there was nothing to do (XSA-332)
 */
void ck_evtchn_eoi(struct ck_evtchn *evtchn, bool spurious)
{
	xen_irq_lateeoi(evtchn->irq, spurious ? XEN_EOI_FLAG_SPURIOUS : 0);
}

/**
 * ck_evtchn_bound() - is the other domain's end still there?
 * @evtchn: set up
 *
 * No event tells when it goes.
 *
 * Return: true if it is.
 */
bool ck_evtchn_bound(const struct ck_evtchn *evtchn)
{
	struct evtchn_status status = {
		.dom = DOMID_SELF,
		.port = evtchn->port,
	};

	return !HYPERVISOR_event_channel_op(EVTCHNOP_status, &status) &&
	       status.status == EVTCHNSTAT_interdomain;
}

/**
 * ck_evtchn_close() - close the event channel
 * @evtchn: set up or zeroed
 * @arg: as given to the handler, which is not called any more after this
 *
 * Process context, no lock of the interrupt path held (XSA-441).
 */
void ck_evtchn_close(struct ck_evtchn *evtchn, void *arg)
{
	if (evtchn->irq)
		unbind_from_irqhandler(evtchn->irq, arg);
	evtchn->irq = 0;
}
