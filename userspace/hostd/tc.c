// SPDX-License-Identifier: GPL-2.0
/* Traffic control on dom0's links: filters, and queueing disciplines that do more
 * than queue.
 */
#include "tc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "attr.h"
#include "enforced.h"
#include "qdisc.h"

/**
 * struct place - where a link may have filters
 * @parent: a hook of clsact or ingress, or the handle of another queueing discipline; 0: the
 *	    root's, which has none
 */
struct place {
	uint32_t ifindex;
	uint32_t parent;
};

struct places {
	struct place *place;
	unsigned int n;
	tc_found_fn found;
};

/* A FIFO that only queues has room for so much. */
#define FIFO_PACKETS	4
#define FIFO_BYTES	(4 * 1514)

/* They only queue, unless they have filters. */
static bool only_queues(const char *kind)
{
	static const char *const kinds[] = {
		"noqueue", "noop", "mq", "pfifo", "bfifo", "pfifo_fast", "pfifo_head_drop",
		"fq", "fq_codel", "sfq",
	};
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

static int parse_fq(const struct nlattr *attr, void *arg)
{
	bool *limits = arg;

	if (mnl_attr_get_type(attr) == TCA_FQ_FLOW_MAX_RATE)
		*limits = ck_attr_u32(attr) != UINT32_MAX;
	return MNL_CB_OK;
}

/* Has a FIFO room for less than a few packets? Then it is there to drop others. */
static bool short_fifo(const struct ck_qdisc *qdisc)
{
	const struct tc_fifo_qopt *opt;

	if (!qdisc->options || mnl_attr_get_payload_len(qdisc->options) < sizeof(*opt))
		return false;
	opt = mnl_attr_get_payload(qdisc->options);
	return opt->limit < (qdisc->kind[0] == 'b' ? FIFO_BYTES : FIFO_PACKETS);
}

/* Return: whether one that else only queues limits what passes. */
static bool limits(const struct ck_qdisc *qdisc)
{
	bool limits = false;

	if (!strcmp(qdisc->kind, "pfifo") || !strcmp(qdisc->kind, "bfifo") ||
	    !strcmp(qdisc->kind, "pfifo_head_drop"))
		return short_fifo(qdisc);
	if (qdisc->options && !strcmp(qdisc->kind, "fq"))
		mnl_attr_parse_nested(qdisc->options, parse_fq, &limits);
	return limits;
}

static void add_place(struct places *places, uint32_t ifindex, uint32_t parent)
{
	places->place = ck_realloc(places->place, (places->n + 1) * sizeof(*places->place));
	places->place[places->n++] = (struct place){ ifindex, parent };
}

static void take_egress(const struct ck_qdisc *qdisc, struct places *places)
{
	if (!only_queues(qdisc->kind) || limits(qdisc))
		places->found(qdisc->ifindex, ENFORCED_BIT(ENFORCED_TC_QDISC));
	else if (ck_qdisc_takes_filters(qdisc))
		add_place(places, qdisc->ifindex, qdisc->handle);
}

static int take_qdisc(const struct nlmsghdr *nlh, void *arg)
{
	struct places *places = arg;
	struct ck_qdisc qdisc;

	if (!ck_qdisc_parse(nlh, &qdisc))
		return MNL_CB_OK;
	/* The filters of a shared block are told of without the link. */
	if (qdisc.ingress_block || qdisc.egress_block)
		places->found(qdisc.ifindex, ENFORCED_BIT(ENFORCED_TC_FILTER));
	if (strcmp(qdisc.kind, "clsact") && strcmp(qdisc.kind, "ingress")) {
		take_egress(&qdisc, places);
		return MNL_CB_OK;
	}
	add_place(places, qdisc.ifindex, CK_TC_INGRESS);
	add_place(places, qdisc.ifindex, CK_TC_EGRESS);
	return MNL_CB_OK;
}

static int read_filters(struct ck_nl *nl, const struct places *places)
{
	const struct place *place;
	unsigned int i;
	int err = 0;

	for (i = 0; i < places->n && !err; i++) {
		bool any = false;

		place = &places->place[i];
		err = ck_tc_has_filters(nl, place->ifindex, place->parent, &any);
		if (any)
			places->found(place->ifindex, ENFORCED_BIT(ENFORCED_TC_FILTER));
	}
	return err;
}

/**
 * tc_read() - find the links on which traffic control does more than queue
 * @nl: a socket of rtnetlink without notifications
 * @found: called for each finding; not all are told if this fails
 *
 * Return: 0 or a negative errno, with a text in @nl->error.
 */
int tc_read(struct ck_nl *nl, tc_found_fn found)
{
	struct places places = { .found = found };
	int err;

	err = ck_qdisc_dump(nl, take_qdisc, &places);
	if (!err)
		err = read_filters(nl, &places);
	free(places.place);
	return err;
}
