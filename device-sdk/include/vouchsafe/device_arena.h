/* vouchsafe/device_arena.h: memory for BoringSSL's P-256, which allocates: all that BoringSSL asks
 * for in this program comes from one array. Not needed with Ed25519 and X25519. Link
 * vouchsafe-device-arena into the program itself. */
#ifndef VOUCHSAFE_DEVICE_ARENA_H
#define VOUCHSAFE_DEVICE_ARENA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { VOUCHSAFE_DEVICE_ARENA_LEN = 32768 }; /* is enough for one thread */

/* Before anything else; memory[len] is used until the end. */
void vouchsafe_device_arena(void *memory, size_t len);
/* The most bytes that were in use at a time. */
size_t vouchsafe_device_arena_peak(void);

#ifdef __cplusplus
}
#endif
#endif
