// SPDX-License-Identifier: GPL-2.0
/* The ring between two ends, and a hostile end that writes into the shared pages meanwhile.
 *
 * An input is a way to lay out the pages, where the indices start, and operations.
 */
#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"
#include "ring.h"

#define SIZE		CK_RING_MIN
#define PAGES		(SIZE / CK_RING_PAGE)
#define LAYOUTS		3
#define FRAMES		(SIZE / CK_FRAME_ALIGN)	/* more do not fit into a ring */
#define PATTERN		(CK_FRAME_MAX + 256)

enum op {
	OP_SEND,
	OP_PUBLISH,
	OP_PEEK,
	OP_READ,
	OP_CONSUME,
	OP_RELEASE,
	OP_WAIT_DATA,
	OP_WAIT_SPACE,
	OP_POLL,
	OP_DRAINED,
	OP_SET_PROD,
	OP_SET_CONS,
	OP_SET_EVENTS,
	OP_SET_BYTES,
	OPS,
};

struct input {
	const uint8_t *data;
	size_t left;
};

/* What was sent, in its order; @sent, @published and @taken count. */
struct sent {
	uint32_t len;
	uint8_t tag;
};

static void **pages[LAYOUTS];
static uint8_t pattern[PATTERN];
static struct sent queue[FRAMES];
static unsigned int sent, published, taken;
static struct ck_ring_shared shared;
static struct ck_ring tx, rx;
static struct ck_frame frame;
static bool peeked;
static bool honest;

static uint32_t take(struct input *in, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes--) {
		value <<= 8;
		if (!in->left)
			continue;
		value |= *in->data++;
		in->left--;
	}
	return value;
}

/* Frames of all sizes, the largest one too. */
static uint32_t take_len(struct input *in)
{
	uint32_t len = take(in, 2);

	return len == UINT16_MAX ? CK_FRAME_MAX : len;
}

/* Does an index that goes from @old to @new pass the byte @event? */
static bool passed(uint32_t event, uint32_t old, uint32_t new)
{
	return (uint32_t)(event - old) < (uint32_t)(new - old);
}

static void check_views(void)
{
	assert(tx.prod - tx.cons <= SIZE);
	assert(rx.prod - rx.cons <= SIZE);
}

static void send(struct input *in)
{
	struct ck_frame header = { .len = take_len(in) };
	uint32_t room = ck_frame_room(header.len), split = take_len(in), pos;
	const struct ck_ring old = tx;
	int err;

	header.vnet_hdr[0] = take(in, 1);
	err = ck_ring_reserve(&tx, header.len);
	if (err == -EPROTO) {
		assert(!honest);
		assert(shared.cons - old.cons > old.prod - old.cons);
		assert(!memcmp(&tx, &old, sizeof(tx)));
		return;
	}
	assert(tx.prod == old.prod);
	assert(!err == (SIZE - (tx.prod - tx.cons) >= room));
	if (err) {
		assert(err == -ENOSPC);
		return;
	}
	pos = ck_ring_frame(&tx, &header);
	assert(tx.prod == old.prod + room);
	if (split > header.len)
		split = header.len;
	pos = ck_ring_write(&tx, pos, pattern + header.vnet_hdr[0], split);
	ck_ring_write(&tx, pos, pattern + header.vnet_hdr[0] + split, header.len - split);
	queue[sent++ % FRAMES] = (struct sent){ header.len, header.vnet_hdr[0] };
}

static void publish(void)
{
	uint32_t old = tx.published, event = shared.prod_event;
	bool silent = shared.no_event;

	assert(ck_ring_publish(&tx) == (passed(event, old, tx.prod) && !silent));
	assert(shared.prod == tx.prod && tx.published == tx.prod);
	published = sent;
}

static void peek(void)
{
	const struct ck_ring old = rx;
	const struct sent *want = &queue[taken % FRAMES];
	int ret = ck_ring_peek(&rx, &frame);

	assert(rx.cons == old.cons && rx.published == old.published);
	peeked = ret == 1;
	if (honest) {
		assert(ret == (taken != published));
		assert(!ret || (frame.len == want->len && frame.vnet_hdr[0] == want->tag));
	}
	if (ret == -EPROTO && rx.prod == rx.cons)
		assert(!memcmp(&rx, &old, sizeof(rx)));
	else if (ret != -EPROTO)
		assert(ret == (rx.prod != rx.cons));
	if (peeked)
		assert(frame.len <= rx.prod - rx.cons - sizeof(frame));
}

/* A part of the payload, as its length was when it was checked. */
static void read_payload(struct input *in)
{
	uint32_t off = take(in, 2), len = take_len(in);
	uint8_t *got;

	if (!peeked || off > frame.len)
		return;
	if (len > frame.len - off)
		len = frame.len - off;
	got = malloc(len);
	ck_ring_read(&rx, rx.cons + sizeof(frame) + off, got, len);
	if (honest)
		assert(!memcmp(got, pattern + queue[taken % FRAMES].tag + off, len));
	free(got);
}

static void consume(void)
{
	uint32_t old = rx.cons;

	if (!peeked)
		return;
	ck_ring_consume(&rx, frame.len);
	assert(rx.cons == old + ck_frame_room(frame.len));
	peeked = false;
	taken++;
}

static void release(void)
{
	uint32_t old = rx.published, event = shared.cons_event;

	assert(ck_ring_release(&rx) == passed(event, old, rx.cons));
	assert(rx.published == rx.cons);
	if (old != rx.cons)
		assert(shared.cons == rx.cons);
}

/* Whoever waits has asked for the event that ends it. */
static void wait_data(void)
{
	if (rx.prod != rx.cons)
		return;
	assert(ck_ring_wait_data(&rx) == ck_ring_has_data(&rx));
	assert(shared.prod_event == rx.cons);
}

static void wait_space(struct input *in)
{
	uint32_t len = take_len(in), room = ck_frame_room(len);
	bool event = take(in, 1) & 1;

	if (ck_ring_reserve(&tx, len) != -ENOSPC)
		return;
	assert(!ck_ring_wait_space(&tx, len, event));
	/* Where there is space, and not before. */
	assert(SIZE - (tx.prod - tx.cons_needed) == room);
	assert(!event || shared.cons_event == tx.cons_needed - 1);
	if (honest)
		assert(!ck_ring_has_space(&tx));
}

static void poll(struct input *in)
{
	if (take(in, 1) & 1)
		ck_ring_disable_event(&rx);
	else
		assert(ck_ring_enable_event(&rx) == ck_ring_has_data(&rx));
}

static void drained(void)
{
	bool all = ck_ring_drained(&tx);

	if (honest)
		assert(all == (rx.published == tx.prod));
}

/* Values near those that are right get further than any others. */
static uint32_t index_near(struct input *in, uint32_t right)
{
	uint32_t how = take(in, 1);

	honest = false;
	return how & 1 ? take(in, 4) : right + (int16_t)take(in, 2) * (how & 2 ? 1 : 16);
}

static void set_events(struct input *in)
{
	shared.no_event = take(in, 1) & 1;
	shared.prod_event = index_near(in, tx.prod);
	shared.cons_event = index_near(in, rx.cons);
}

/* At a place in the next frame, or anywhere. */
static void set_bytes(struct input *in, void **page)
{
	uint32_t pos = index_near(in, rx.cons) % SIZE, n = take(in, 1) % 32;
	uint8_t *to;

	for (; n; n--, pos++) {
		to = page[pos % SIZE / CK_RING_PAGE];
		to[pos % CK_RING_PAGE] = take(in, 1);
	}
}

static void step(struct input *in, void **page)
{
	switch ((enum op)(take(in, 1) % OPS)) {
	case OP_SEND:
		return send(in);
	case OP_PUBLISH:
		return publish();
	case OP_PEEK:
		return peek();
	case OP_READ:
		return read_payload(in);
	case OP_CONSUME:
		return consume();
	case OP_RELEASE:
		return release();
	case OP_WAIT_DATA:
		return wait_data();
	case OP_WAIT_SPACE:
		return wait_space(in);
	case OP_POLL:
		return poll(in);
	case OP_DRAINED:
		return drained();
	case OP_SET_PROD:
		shared.prod = index_near(in, rx.cons);
		return;
	case OP_SET_CONS:
		shared.cons = index_near(in, tx.cons);
		return;
	case OP_SET_EVENTS:
		return set_events(in);
	case OP_SET_BYTES:
		return set_bytes(in, page);
	case OPS:
		return;
	}
}

/* Pages in runs of @run, each of which is a piece of memory of its own. */
static void **lay_out(unsigned int run)
{
	void **page = malloc(PAGES * sizeof(*page));
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		page[i] = i % run ? page[i - 1] + CK_RING_PAGE :
				    aligned_alloc(CK_RING_PAGE, run * CK_RING_PAGE);
	return page;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	unsigned int i;

	(void)argc;
	(void)argv;
	pages[0] = lay_out(1);
	pages[1] = lay_out(4);
	pages[2] = lay_out(PAGES);
	for (i = 0; i < PATTERN; i++)
		pattern[i] = i * 7 + i / 251;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	void **page = pages[take(&in, 1) % LAYOUTS];
	uint32_t start = (take(&in, 2) - UINT16_MAX) * CK_FRAME_ALIGN;
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		memset(page[i], 0, CK_RING_PAGE);
	ck_ring_init(&tx, &shared, page, SIZE);
	tx.prod = start;
	tx.cons = start;
	tx.published = start;
	rx = tx;
	shared = (struct ck_ring_shared){
		.prod = start, .cons = start, .prod_event = start, .cons_event = start,
	};
	sent = 0;
	published = 0;
	taken = 0;
	peeked = false;
	honest = true;
	while (in.left) {
		step(&in, page);
		check_views();
	}
	return 0;
}
