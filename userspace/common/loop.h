/* SPDX-License-Identifier: GPL-2.0 */
/* A loop over file descriptors, ended by SIGTERM or SIGINT. */
#ifndef CK_LOOP_H
#define CK_LOOP_H

typedef int (*ck_loop_fn)(void *arg);

/**
 * struct ck_loop - the loop of a process
 * @quiet: called when there is nothing else to do, or NULL
 * @rounds: of events since it was set
 */
struct ck_loop {
	int epfd;
	int sigfd;
	ck_loop_fn quiet;
	void *quiet_arg;
	unsigned int rounds;
};

int ck_loop_init(struct ck_loop *loop);
int ck_loop_add(struct ck_loop *loop, int fd, ck_loop_fn fn, void *arg);
int ck_loop_add_period(struct ck_loop *loop, unsigned int seconds,
		       ck_loop_fn fn, void *arg);
void ck_loop_when_quiet(struct ck_loop *loop, ck_loop_fn fn, void *arg);
void ck_loop_del(struct ck_loop *loop, int fd);
int ck_loop_run(struct ck_loop *loop, ck_loop_fn after, void *arg);

#endif /* CK_LOOP_H */
