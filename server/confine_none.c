/* A sanitizer makes calls and opens files of its own. */
#include "confine_private.h"

enum status confine_files_begin(int *rules)
{
    *rules = -1;
    return ST_UNSUPPORTED;
}

void confine_files_read(int rules, const char *path)
{
    (void)rules, (void)path;
}

void confine_files_write(int rules, const char *folder)
{
    (void)rules, (void)folder;
}

enum status confine_files_end(int rules, bool bind)
{
    (void)rules, (void)bind;
    return ST_UNSUPPORTED;
}

enum status confine_calls(void)
{
    return ST_UNSUPPORTED;
}
