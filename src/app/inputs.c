/* SPDX-License-Identifier: Apache-2.0 */
#include "app/inputs.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int add(struct inputs *in, const char *path, bool from_folder, uint64_t bytes, struct err *err)
{
	unsigned max = in->max ? 2 * in->max : 16;

	if (in->n == in->max) {
		const char **paths = realloc(in->paths, max * sizeof(*paths));
		bool *marks;

		if (paths)
			in->paths = paths;
		marks = realloc(in->from_folder, max * sizeof(*marks));
		if (marks)
			in->from_folder = marks;
		if (!paths || !marks)
			return err_set(err, ENOMEM, "no memory for the names of %u captures", max);
		in->max = max;
	}
	in->paths[in->n] = from_folder ? strdup(path) : path;
	if (!in->paths[in->n])
		return err_set(err, ENOMEM, "no memory for the name of %s", path);
	in->from_folder[in->n++] = from_folder;
	in->bytes += bytes;
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Its files at any depth. A link to a folder above is seen and passed over. */
static int add_folder(struct inputs *in, const char *folder, struct err *err)
{
	char *const roots[] = {(char *)(uintptr_t)folder, NULL}; /* fts takes it and leaves it alone */
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	unsigned before = in->n;
	FTSENT *entry;
	int ret = 0;

	if (!tree)
		return err_set(err, errno, "%s: cannot be read: %s", folder, strerror(errno));
	in->folders = true;
	while (!ret && (entry = fts_read(tree))) {
		if (entry->fts_level > 0 && *entry->fts_name == '.')
			fts_set(tree, entry, FTS_SKIP);
		else if (entry->fts_info == FTS_F)
			ret = add(in, entry->fts_path, true, (uint64_t)entry->fts_statp->st_size, err);
		else if (entry->fts_info == FTS_DNR) /* opening it will say why */
			ret = add(in, entry->fts_path, true, 0, err);
	}
	fts_close(tree);
	if (!ret && in->n == before) /* likewise */
		return add(in, folder, false, 0, err);
	return ret;
}

int inputs_init(struct inputs *in, const struct conf *conf, struct err *err)
{
	struct stat st;
	int ret = 0;

	*in = (struct inputs){0};
	for (unsigned i = 0; i < conf->reads.n && !ret; i++) {
		const char *path = conf->reads.items[i];
		bool exists = stat(path, &st) == 0;

		if (exists && S_ISDIR(st.st_mode))
			ret = add_folder(in, path, err);
		else
			ret = add(in, path, false, exists && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, err);
	}
	if (!ret && conf->follow && in->folders)
		ret = err_set(err, EINVAL, "--follow takes one capture; %s is a folder", conf->reads.items[0]);
	return ret;
}

void inputs_fini(struct inputs *in)
{
	for (unsigned i = 0; i < in->n; i++)
		if (in->from_folder[i])
			free((char *)(uintptr_t)in->paths[i]);
	free(in->paths);
	free(in->from_folder);
}

void inputs_skip(struct inputs *in, unsigned i)
{
	if (in->skipped++ < 3) {
		const char *slash = strrchr(in->paths[i], '/');
		size_t used = strlen(in->first_skipped);

		snprintf(in->first_skipped + used, sizeof(in->first_skipped) - used, "%s%.60s", used ? ", " : "",
			 slash ? slash + 1 : in->paths[i]);
	}
}

bool inputs_have(const struct inputs *in, const char *path)
{
	struct stat wanted, there;

	if (stat(path, &wanted) || !S_ISREG(wanted.st_mode))
		return false;
	for (unsigned i = 0; i < in->n; i++)
		if (stat(in->paths[i], &there) == 0 && there.st_dev == wanted.st_dev && there.st_ino == wanted.st_ino)
			return true;
	return false;
}
