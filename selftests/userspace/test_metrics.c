// SPDX-License-Identifier: GPL-2.0
/* cokeeper metrics: each number that the kernel tells, in Prometheus' format. */
#include <string.h>

#include "cli_fakes.h"
#include "output.h"

static const char *const counters[] = {
	"tx_fallback_multicast", "tx_fallback_no_channel", "tx_ring_full", "rx_dropped_length",
	"tx_queue_0_packets", "rx_queue_0_packets", "tx_queue_1_packets", "rx_queue_1_packets",
	"tx_queue_x_packets", "tx_queue_2_bytes", "tx_queue__packets",
	"rx_dropped_a_name_that\033ends_beyond", NULL
};

static void test_metrics(void **state)
{
	struct nlmsghdr *nlh = add_dev(COKEEPER_CMD_DEV_GET);

	(void)state;
	/* Of characters that a label has to escape. */
	name_device(1, "ck\\0\"");
	set_stats(counters);
	mnl_attr_put_u32(nlh, COKEEPER_A_HELPER, 77);
	mnl_attr_put_u32(nlh, COKEEPER_A_STEER, COKEEPER_STEER_ROUTE);
	add_peer(COKEEPER_CMD_PEER_GET, 3, COKEEPER_STATE_BACKOFF, COKEEPER_REASON_STALLED);
	add_peer(COKEEPER_CMD_PEER_GET, 2, COKEEPER_STATE_CONNECTED, COKEEPER_REASON_NONE);
	run(cmd_metrics);
	assert_string_equal(err, "");
	assert_golden("metrics.txt");
}

/* It may be inactive for a reason that is not known here. */
static void check_inactive(uint32_t reason, const char *active, const char *why)
{
	struct nlmsghdr *nlh;

	fakes_reset(NULL);
	set_stats(counters);
	nlh = add_dev(COKEEPER_CMD_DEV_GET);
	mnl_attr_put_u32(nlh, COKEEPER_A_INACTIVE, reason);
	run(cmd_metrics);
	assert_non_null(strstr(out, active));
	assert_non_null(strstr(out, why));
	assert_non_null(strstr(out, "\ncokeeper_device_helper_running{device=\"lo\"} 0\n"));
}

#define INACTIVE(down, lower, suspended, xdp)						\
	"\ncokeeper_device_inactive{device=\"lo\",reason=\"link-down\"} " down		\
	"\ncokeeper_device_inactive{device=\"lo\",reason=\"lower-down\"} " lower	\
	"\ncokeeper_device_inactive{device=\"lo\",reason=\"suspended\"} " suspended	\
	"\ncokeeper_device_inactive{device=\"lo\",reason=\"xdp\"} " xdp "\n"

static void test_inactive(void **state)
{
	const char active[] = "\ncokeeper_device_active{device=\"lo\"} 0\n";

	(void)state;
	check_inactive(COKEEPER_REASON_LINK_DOWN, active, INACTIVE("1", "0", "0", "0"));
	check_inactive(COKEEPER_REASON_LOWER_DOWN, active, INACTIVE("0", "1", "0", "0"));
	check_inactive(COKEEPER_REASON_SUSPENDED, active, INACTIVE("0", "0", "1", "0"));
	check_inactive(COKEEPER_REASON_XDP, active, INACTIVE("0", "0", "0", "1"));
	check_inactive(99, active, INACTIVE("0", "0", "0", "0"));
}

/* Without a device, metrics have a type and no value. */
static void test_nothing(void **state)
{
	(void)state;
	run(cmd_metrics);
	assert_string_equal(err, "");
	assert_non_null(strstr(out, "\n# TYPE cokeeper_peer_state gauge\n"));
	assert_null(strchr(out, '{'));
}

static void test_no_counters(void **state)
{
	(void)state;
	add_dev(COKEEPER_CMD_DEV_GET);
	assert_int_equal(run_args(cmd_metrics, 0, NULL), CLI_FAILED);
	assert_string_equal(out, "");
	assert_string_equal(err, "cokeeper: counters of lo: Operation not supported\n");
}

static void test_misuse(void **state)
{
	char *args[] = { "more" };

	(void)state;
	check_misuse(cmd_metrics, 1, args,
		     "cokeeper: unexpected argument 'more', try \"cokeeper help\"\n");
	out_use_json(true);
	check_misuse(cmd_metrics, 0, NULL,
		     "cokeeper: metrics are not printed as JSON, try \"cokeeper help\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_metrics, fakes_reset),
		cmocka_unit_test_setup(test_inactive, fakes_reset),
		cmocka_unit_test_setup(test_nothing, fakes_reset),
		cmocka_unit_test_setup(test_no_counters, fakes_reset),
		cmocka_unit_test_setup(test_misuse, fakes_reset),
	};

	if (!fakes_open())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
