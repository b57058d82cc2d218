// SPDX-License-Identifier: GPL-2.0
/* An event channel to another domain. */

#include <xen/events.h>
#include <xen/interface/event_channel.h>
#include <asm/xen/hypercall.h>

#include "account.h"
#include "evtchn.h"

static void close_port(u32 port)
{
	struct evtchn_close close = { .port = port };

	if (HYPERVISOR_event_channel_op(EVTCHNOP_close, &close))
		pr_err("cokeeper: cannot close event channel %u\n", port);
}

static int bind_irq(struct ck_evtchn *evtchn, irq_handler_t handler, const char *name, void *arg)
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
	return 0;
}

/* Have Xen make one end of an event channel, in @evtchn->port. */
static int make_port(struct ck_evtchn *evtchn, u16 domid, const u32 *remote_port)
{
	struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = domid };
	struct evtchn_bind_interdomain bind = { .remote_dom = domid };
	int err;

	if (remote_port) {
		bind.remote_port = *remote_port;
		err = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);
		evtchn->port = bind.local_port;
	} else {
		err = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);
		evtchn->port = alloc.port;
	}
	return err;
}

/**
 * ck_evtchn_open() - set an event channel to another domain up
 * @evtchn: to be set up; @evtchn->port is what that domain needs to know
 * @account: that domain's
 * @remote_port: of an event channel that it made for us; NULL: make one for it to bind to
 * @handler: called in hard interrupt context, maybe before this returns; its event stays
 *	masked until ck_evtchn_eoi()
 * @name: of the interrupt, kept
 * @arg: for @handler
 * Return: 0 or a negative errno, that of ck_account_charge() among them.
 */
int ck_evtchn_open(struct ck_evtchn *evtchn, struct ck_account *account,
		   const u32 *remote_port, irq_handler_t handler, const char *name, void *arg)
{
	int err = ck_account_charge(account, CK_PORTS, 1);

	if (err)
		return err;
	err = make_port(evtchn, ck_account_domid(account), remote_port) ?:
	      bind_irq(evtchn, handler, name, arg);
	if (err)
		ck_account_uncharge(account, CK_PORTS, 1);
	else
		evtchn->account = account;
	return err;
}

/**
 * ck_evtchn_bound() - is the other domain's end still there?
 * @evtchn: set up; no event tells when the other end goes
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
	if (!evtchn->irq)
		return;
	unbind_from_irqhandler(evtchn->irq, arg);
	evtchn->irq = 0;
	ck_account_uncharge(evtchn->account, CK_PORTS, 1);
}
