# What every target of ours is compiled with.
add_library(vouchsafe_options INTERFACE)
target_compile_options(vouchsafe_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wwrite-strings -Wcast-align -Wvla -Wformat=2 -Wundef
  -fno-common -fstack-protector-strong -fvisibility=hidden)
target_compile_definitions(vouchsafe_options INTERFACE _GNU_SOURCE)
target_link_options(vouchsafe_options INTERFACE
  -Wl,-z,relro,-z,now -Wl,--build-id=sha1 -Wl,--as-needed)
if(VOUCHSAFE_WERROR)
  target_compile_options(vouchsafe_options INTERFACE -Werror)
endif()
if(VOUCHSAFE_SANITIZE)
  target_compile_options(vouchsafe_options INTERFACE
    -fsanitize=${VOUCHSAFE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # gcc knows less of the ranges of values when it instruments.
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
  target_link_options(vouchsafe_options INTERFACE -fsanitize=${VOUCHSAFE_SANITIZE})
elseif(CMAKE_BUILD_TYPE MATCHES Rel)
  target_compile_definitions(vouchsafe_options INTERFACE _FORTIFY_SOURCE=2)
endif()
if(VOUCHSAFE_COVERAGE)
  # Workers count at once.
  target_compile_options(vouchsafe_options INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(vouchsafe_options INTERFACE --coverage)
endif()
if(VOUCHSAFE_FUZZ)
  target_compile_options(vouchsafe_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
