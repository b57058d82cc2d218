// SPDX-License-Identifier: GPL-2.0
/* Queueing disciplines and filters of traffic control, as rtnetlink lists them. */
#include "qdisc.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "attr.h"

static int dump(struct ck_nl *nl, uint16_t type, uint32_t ifindex, uint32_t parent, mnl_cb_t cb,
		void *arg)
{
	char buf[CK_NL_REQUEST_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tcm = mnl_nlmsg_put_extra_header(nlh, sizeof(*tcm));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_DUMP;
	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = ifindex;
	tcm->tcm_parent = parent;
	return ck_nl_request(nl, nlh, cb, arg);
}

/**
 * ck_qdisc_dump() - list the disciplines of all devices
 * @nl: a socket of rtnetlink without notifications
 * @cb: called for each message of the answer, which ck_qdisc_parse() reads
 * @arg: its argument
 *
 * Return: 0 or a negative errno, as from ck_nl_request().
 */
int ck_qdisc_dump(struct ck_nl *nl, mnl_cb_t cb, void *arg)
{
	return dump(nl, RTM_GETQDISC, 0, 0, cb, arg);
}

/**
 * ck_qdisc_parse() - read what is said of a queueing discipline
 * @nlh: a message
 * @qdisc: what it says
 *
 * Return: whether it is about one.
 */
bool ck_qdisc_parse(const struct nlmsghdr *nlh, struct ck_qdisc *qdisc)
{
	const struct tcmsg *tcm = ck_attr_header(nlh, sizeof(*tcm));
	const struct nlattr *attr;

	*qdisc = (struct ck_qdisc){
		.ifindex = tcm->tcm_ifindex,
		.handle = tcm->tcm_handle,
		.parent = tcm->tcm_parent,
		.kind = "",
	};
	mnl_attr_for_each(attr, nlh, sizeof(*tcm)) {
		switch (mnl_attr_get_type(attr)) {
		case TCA_KIND:
			qdisc->kind = ck_attr_str(attr);
			break;
		case TCA_OPTIONS:
			qdisc->options = attr;
			break;
		case TCA_INGRESS_BLOCK:
			qdisc->ingress_block = true;
			break;
		case TCA_EGRESS_BLOCK:
			qdisc->egress_block = true;
			break;
		}
	}
	return nlh->nlmsg_type == RTM_NEWQDISC && tcm->tcm_ifindex;
}

/* Does one that else only queues take filters? One without a handle does if it is the root, and
 * else nobody can name it.
 */
bool ck_qdisc_takes_filters(const struct ck_qdisc *qdisc)
{
	return (!strcmp(qdisc->kind, "fq_codel") || !strcmp(qdisc->kind, "sfq")) &&
	       (qdisc->handle || qdisc->parent == TC_H_ROOT);
}

static int take_filter(const struct nlmsghdr *nlh, void *arg)
{
	bool *any = arg;

	*any |= nlh->nlmsg_type == RTM_NEWTFILTER;
	return MNL_CB_OK;
}

/**
 * ck_tc_has_filters() - has a device filters?
 * @nl: a socket of rtnetlink without notifications
 * @ifindex: the device
 * @parent: where: CK_TC_INGRESS, CK_TC_EGRESS or the handle of a discipline; 0: the root's,
 *	    which has none
 * @any: set if there is one
 *
 * Return: 0 or a negative errno, as from ck_nl_request().
 */
int ck_tc_has_filters(struct ck_nl *nl, uint32_t ifindex, uint32_t parent, bool *any)
{
	return dump(nl, RTM_GETTFILTER, ifindex, parent, take_filter, any);
}
