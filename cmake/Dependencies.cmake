# Libraries, by the names and facts of ARCHITECTURE.md, "Dependencies".
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent_core libevent_extra libevent_pthreads)
pkg_check_modules(LIBEVENT_SDK REQUIRED IMPORTED_TARGET libevent_core libevent_extra)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(CONFUSE REQUIRED IMPORTED_TARGET libconfuse)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)

# BoringSSL: an upstream build, or Debian's, which keeps out of OpenSSL's way in
# folders named android and needs a run path.
if(BORINGSSL_ROOT)
  set(boringssl_include ${BORINGSSL_ROOT}/include)
  set(boringssl_hints ${BORINGSSL_ROOT} ${BORINGSSL_ROOT}/lib ${BORINGSSL_ROOT}/build
    ${BORINGSSL_ROOT}/crypto ${BORINGSSL_ROOT}/ssl ${BORINGSSL_ROOT}/build/crypto ${BORINGSSL_ROOT}/build/ssl)
else()
  find_path(boringssl_include NAMES openssl/is_boringssl.h PATH_SUFFIXES android REQUIRED)
  set(boringssl_hints /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/android)
endif()
find_library(BORINGSSL_CRYPTO NAMES crypto PATHS ${boringssl_hints} NO_DEFAULT_PATH REQUIRED)
find_library(BORINGSSL_SSL NAMES ssl PATHS ${boringssl_hints} NO_DEFAULT_PATH REQUIRED)
get_filename_component(boringssl_folder ${BORINGSSL_CRYPTO} DIRECTORY)

add_library(boringssl_crypto INTERFACE)
target_include_directories(boringssl_crypto SYSTEM BEFORE INTERFACE ${boringssl_include})
target_link_libraries(boringssl_crypto INTERFACE ${BORINGSSL_CRYPTO} Threads::Threads)
target_link_options(boringssl_crypto INTERFACE -Wl,-rpath,${boringssl_folder})
add_library(boringssl_ssl INTERFACE)
target_link_libraries(boringssl_ssl INTERFACE ${BORINGSSL_SSL} boringssl_crypto)
