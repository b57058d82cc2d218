// SPDX-License-Identifier: GPL-2.0
/* A QEMU plugin for scripts/profile: counts how often each block of instructions ran on each
 * emulated processor.
 *
 * usage: qemu-system-x86_64 -plugin profile.so,control=PATH
 *
 * For each line that is written to PATH, a FIFO that it makes, it writes the counts so far to
 * the file named there: "ADDRESS INSTRUCTIONS COUNT..." for each block, one count for each
 * processor. The file appears when it is complete.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is used of QEMU's interface, version 1; Debian has no package with its header. */
struct qemu_plugin_tb;
typedef uint64_t qemu_plugin_id_t;
typedef void (*tb_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_cb)(unsigned int vcpu, void *data);
enum { NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, vcpu_cb cb, int flags,
					  void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

int qemu_plugin_version = 1;

#define VCPUS	2
#define BUCKETS	(1u << 18)

struct block {
	struct block *next;
	uint64_t addr;
	uint32_t insns;
	uint64_t count[VCPUS];
};

static struct block *blocks[BUCKETS];
/* Protects the chains; counts are the emulating thread's, and read as they are. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char control[4096];

static void count(unsigned int vcpu, void *data)
{
	struct block *b = data;

	if (vcpu < VCPUS)
		b->count[vcpu]++;
}

/* The same block is translated again and again. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t addr = qemu_plugin_tb_vaddr(tb);
	uint32_t insns = qemu_plugin_tb_n_insns(tb);
	struct block **head = &blocks[(addr * 0x9e3779b97f4a7c15ull + insns) >> 46], *b;

	(void)id;
	pthread_mutex_lock(&lock);
	for (b = *head; b && (b->addr != addr || b->insns != insns); b = b->next)
		;
	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b)
			abort();
		b->addr = addr;
		b->insns = insns;
		b->next = *head;
		*head = b;
	}
	pthread_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, count, NO_REGS, b);
}

static void dump(const char *path)
{
	char part[4200];
	const struct block *b;
	unsigned int i, v;
	FILE *f;

	snprintf(part, sizeof(part), "%s.part", path);
	f = fopen(part, "w");
	if (!f)
		return;
	pthread_mutex_lock(&lock);
	for (i = 0; i < BUCKETS; i++) {
		for (b = blocks[i]; b; b = b->next) {
			fprintf(f, "%" PRIx64 " %" PRIu32, b->addr, b->insns);
			for (v = 0; v < VCPUS; v++)
				fprintf(f, " %" PRIu64, b->count[v]);
			fputc('\n', f);
		}
	}
	pthread_mutex_unlock(&lock);
	if (!fclose(f))
		rename(part, path);
}

static void *serve(void *arg)
{
	char line[4096];
	FILE *f;

	(void)arg;
	while ((f = fopen(control, "r"))) {
		while (fgets(line, sizeof(line), f)) {
			line[strcspn(line, "\n")] = 0;
			dump(line);
		}
		fclose(f);
	}
	return NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	pthread_t thread;
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "control=", 8))
			snprintf(control, sizeof(control), "%s", argv[i] + 8);
	if (!control[0] || mkfifo(control, 0600)) {
		fprintf(stderr, "profile: control=PATH is needed: %s\n", strerror(errno));
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return pthread_create(&thread, NULL, serve, NULL) ? -1 : 0;
}
