/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path that lines are appended to in zstd frames (RFC 8878), one for each block of lines, with a checksum: `zstd -dc` gives
 * the lines. A regular file ends with a whole frame after every write, so that one that a crash left is read up to there. What
 * is written is a frame or nothing; only a FIFO or device can keep the beginning of one, which then goes on.
 */
#include "sink/fd.h"

#include "base/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

enum {
	LEVEL = 1, /* 2 and 3 are slower and pack these lines no better; -1 is a tenth or two faster and packs a quarter less */
	FRAME_MAX = ZSTD_COMPRESSBOUND(BLOCK_SIZE),
	HEADER_MAX = 18, /* of a frame, its magic number included (RFC 8878, 3.1.1) */
	MAGIC_LEN = 4,
};

struct zstd {
	struct sink_dest dest; /* the first member: what the operations are given */
	ZSTD_CCtx *context;
	size_t len;  /* of the frame that is being written */
	size_t sent; /* of it; not 0 between two writes: its beginning is where it cannot be taken back */
	char frame[FRAME_MAX];
};

static struct zstd *zstd_of(struct sink_dest *d)
{
	return (struct zstd *)d;
}

/* Bytes of the whole frames that text begins with; skippable ones count. */
static size_t whole_frames(const char *text, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t n = ZSTD_findFrameCompressedSize(text + at, size - at);

		if (ZSTD_isError(n))
			break;
		at += n;
	}
	return at;
}

/* What begins as a frame of ours, which are small and say how much is in them; or zeros, where power failed. Never size 0. */
static bool is_torn_frame(const char *text, size_t size)
{
	static const char magic[MAGIC_LEN] = {'\x28', '\xb5', '\x2f', '\xfd'};
	unsigned long long content;

	if (!*text)
		return !memcmp(text, text + 1, size - 1);
	if (size > FRAME_MAX || memcmp(text, magic, size < MAGIC_LEN ? size : MAGIC_LEN))
		return false;
	content = ZSTD_getFrameContentSize(text, size);
	return content <= BLOCK_SIZE || (content == ZSTD_CONTENTSIZE_ERROR && size < HEADER_MAX);
}

/* Takes away the frame that is not whole. */
static int cut(int fd, const char *path, size_t whole, size_t part, struct err *notice, struct err *err)
{
	if (ftruncate(fd, (off_t)whole))
		return err_set(err, errno, "%s: cannot remove the part of a frame at its end: %s", path, strerror(errno));
	err_set(notice, 0, "%s: removed a part of a frame, %zu bytes, that an earlier run had left at its end", path, part);
	return 0;
}

static int repair(int fd, const char *path, off_t file_size, struct err *notice, struct err *err)
{
	size_t size = (size_t)file_size, whole;
	char *text = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	bool torn;

	if (text == MAP_FAILED)
		return err_set(err, errno, "%s: cannot read it to find the end of its last frame: %s; choose another file",
			       path, strerror(errno));
	whole = whole_frames(text, size);
	torn = whole < size && is_torn_frame(text + whole, size - whole);
	munmap(text, size);
	if (torn)
		return cut(fd, path, whole, size - whole, notice, err);
	if (whole == size)
		return 0;
	if (!whole)
		return err_set(
			err, EINVAL,
			"%s: does not begin with a whole zstd frame, so that nothing compressed can be appended; move it "
			"away, or write the lines as they are with -o file:%s",
			path, path);
	return err_set(err, EINVAL,
		       "%s: after %zu bytes of zstd frames come %zu that are none, and not of an earlier run; move it away, or "
		       "choose another file",
		       path, whole, size - whole);
}

/* One frame of all the text. */
static int pack(struct zstd *z, const char *text, size_t len, struct err *err)
{
	size_t n = ZSTD_compress2(z->context, z->frame, sizeof(z->frame), text, len);

	if (ZSTD_isError(n))
		return err_set(err, ENOMEM, "%s: cannot compress: %s", z->dest.name, ZSTD_getErrorName(n));
	z->len = n;
	return 0;
}

static ssize_t zstd_write(struct sink_dest *d, const char *text, size_t len, struct err *err)
{
	struct zstd *z = zstd_of(d);
	ssize_t n = z->sent ? 0 : pack(z, text, len, err); /* else the text is the one whose frame was begun */

	if (n < 0)
		return n;
	do {
		n = fd_write(d, z->frame + z->sent, z->len - z->sent, err);
		if (n > 0)
			z->sent += (size_t)n;
	} while (n > 0 && z->sent < z->len);
	if (n > 0) {
		z->sent = 0;
		return (ssize_t)len;
	}
	if (z->sent && fd_take_back(d, z->sent))
		z->sent = 0;
	return n;
}

/* The rest of a frame has to go where it began. */
static int zstd_reopen(struct sink_dest *d, struct err *err)
{
	return zstd_of(d)->sent ? -EAGAIN : fd_reopen(d, err);
}

static int zstd_close(struct sink_dest *d, struct err *err)
{
	int ret = fd_close(d, err);

	ZSTD_freeCCtx(zstd_of(d)->context);
	free(d);
	return ret;
}

static int zstd_init(struct zstd *z, const char *path, struct err *notice, struct err *err)
{
	int ret = fd_open(&z->dest, path, repair, notice, err);

	if (ret)
		return ret;
	z->context = ZSTD_createCCtx();
	if (!z->context || ZSTD_isError(ZSTD_CCtx_setParameter(z->context, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(z->context, ZSTD_c_checksumFlag, 1)))
		return err_set(err, ENOMEM, "%s: no memory for compressing", path);
	return 0;
}

static struct sink_dest *zstd_open(const char *arg, struct err *notice, struct err *err)
{
	struct zstd *z = calloc(1, sizeof(*z));

	if (!z) {
		err_set(err, ENOMEM, "%s: no memory", arg);
		return NULL;
	}
	if (!zstd_init(z, arg, notice, err))
		return &z->dest;
	zstd_close(&z->dest, &(struct err){0});
	return NULL;
}

static const struct sink_ops zstd_ops = {
	.name = "zstd",
	.arg = "PATH",
	.about = "appends to a file, compressed, as `-o PATH.zst`; opened anew on SIGHUP",
	.ending = ".zst",
	.open = zstd_open,
	.write = zstd_write,
	.reopen = zstd_reopen,
	.close = zstd_close,
};
SINK_REGISTER(zstd_ops);
