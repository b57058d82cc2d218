/* SPDX-License-Identifier: GPL-2.0 */
/* Netlink requests with the kernel's own error text, for rtnetlink and genl. */
#ifndef CK_NL_H
#define CK_NL_H

#include <stdint.h>
#include <libmnl/libmnl.h>

#define CK_NL_REQUEST_SIZE	4096

/**
 * struct ck_nl - a netlink socket
 * @sk: libmnl's socket
 * @seq: sequence number of the last request
 * @ntf: takes what is no answer: notifications to this socket; may be NULL.
 *	 It may be called from within ck_nl_request(), so it must not call that
 * @ntf_arg: its argument
 * @error: why the last request failed
 */
struct ck_nl {
	struct mnl_socket *sk;
	uint32_t seq;
	mnl_cb_t ntf;
	void *ntf_arg;
	char error[256];
};

int ck_nl_open(struct ck_nl *nl, int bus);
void ck_nl_close(struct ck_nl *nl);
int ck_nl_fd(const struct ck_nl *nl);
int ck_nl_request(struct ck_nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *arg);
int ck_nl_drain(struct ck_nl *nl);

#endif /* CK_NL_H */
