/* confine_counts: in builds that count lines, and in no other, a confined daemon may also write
 * below the folder of the build, where the counts go. */
#include "confine_private.h"

/* By ld --wrap: the first is called in the second's place. */
enum status __wrap_confine_files_end(int rules, bool bind) MUST_USE;
enum status __real_confine_files_end(int rules, bool bind) MUST_USE;

enum status __wrap_confine_files_end(int rules, bool bind)
{
    confine_files_write(rules, VOUCHSAFE_BINARY_DIR);
    return __real_confine_files_end(rules, bind);
}
