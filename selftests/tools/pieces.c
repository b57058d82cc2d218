// SPDX-License-Identifier: GPL-2.0
/* Sends what it reads in as many fragments a packet as there can be, of one byte each.
 *
 * usage: pieces HOST PORT <FILE
 *
 * No two bytes that follow each other are of one page, so none can be one fragment.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE	4096
#define PAGES	32
/* What a pipe takes. */
#define PIPE	16

static void die(const char *what)
{
	fprintf(stderr, "pieces: %s: %s\n", what, strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), pipes[2], c, in_pipe = 0;
	char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int n;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &sin.sin_addr) != 1) {
		fprintf(stderr, "usage: pieces HOST PORT <FILE\n");
		return 2;
	}
	sin.sin_port = htons(atoi(argv[2]));
	if (pages == MAP_FAILED || pipe(pipes) || fd < 0 ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("connect");

	for (n = 0; (c = getchar()) != EOF && n < PAGES * PAGE; n++) {
		char *byte = pages + n % PAGES * PAGE + n / PAGES;
		struct iovec iov = { byte, 1 };

		*byte = c;
		if (vmsplice(pipes[1], &iov, 1, 0) != 1)
			die("vmsplice");
		if (++in_pipe < PIPE)
			continue;
		for (; in_pipe; in_pipe -= c) {
			c = splice(pipes[0], NULL, fd, NULL, in_pipe, SPLICE_F_MORE);
			if (c <= 0)
				die("splice");
		}
	}
	while (in_pipe && (c = splice(pipes[0], NULL, fd, NULL, in_pipe, 0)) > 0)
		in_pipe -= c;
	return in_pipe != 0;
}
