# Finds an EDDL installation (EDDL itself or the embedded engine: same layout) and defines EDDL::eddl.
# Where EDDL_DIR (CMake or environment) names a prefix, it is that one or none; otherwise the active conda prefix, the
# Python prefix, CMAKE_PREFIX_PATH and the usual system places are looked through. Headers and library are always of
# one prefix: class layouts differ between EDDLs.
set(_eddl_dir "${EDDL_DIR}")
if(NOT _eddl_dir)
  set(_eddl_dir "$ENV{EDDL_DIR}")
endif()
set(_eddl_hints "$ENV{CONDA_PREFIX}" "$ENV{VIRTUAL_ENV}" "${Python_ROOT_DIR}")
list(FILTER _eddl_hints EXCLUDE REGEX "^$")
# A build tree that is configured again for another EDDL must not keep the old one's paths.
set(_eddl_places "${_eddl_dir}" ${_eddl_hints} ${CMAKE_PREFIX_PATH})
if(NOT "${_eddl_places}" STREQUAL "${_eddl_places_used}")
  unset(EDDL_INCLUDE_DIR CACHE)
  unset(EDDL_LIBRARY CACHE)
  unset(EDDL_EIGEN_INCLUDE_DIR CACHE)
  set(_eddl_places_used "${_eddl_places}" CACHE INTERNAL "where EDDL was looked for")
endif()

if(_eddl_dir)
  find_path(EDDL_INCLUDE_DIR eddl/net/net.h PATHS "${_eddl_dir}" PATH_SUFFIXES include NO_DEFAULT_PATH)
else()
  find_path(EDDL_INCLUDE_DIR eddl/net/net.h HINTS ${_eddl_hints} PATH_SUFFIXES include)
endif()
if(EDDL_INCLUDE_DIR)
  get_filename_component(_eddl_prefix "${EDDL_INCLUDE_DIR}" DIRECTORY)
  find_library(EDDL_LIBRARY eddl PATHS "${_eddl_prefix}"
    PATH_SUFFIXES lib lib64 "lib/${CMAKE_LIBRARY_ARCHITECTURE}" NO_DEFAULT_PATH)
endif()

include(FindPackageHandleStandardArgs)
if(_eddl_dir)
  set(_eddl_remedy "EDDL_DIR is '${_eddl_dir}', which must hold include/eddl and lib/libeddl.so of one installation")
else()
  set(_eddl_remedy "set EDDL_DIR to the prefix (include/, lib/) of an EDDL or embedded-engine installation")
endif()
find_package_handle_standard_args(EDDL REQUIRED_VARS EDDL_LIBRARY EDDL_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "${_eddl_remedy}")

if(EDDL_FOUND AND NOT TARGET EDDL::eddl)
  add_library(EDDL::eddl SHARED IMPORTED)
  set_target_properties(EDDL::eddl PROPERTIES
    IMPORTED_LOCATION "${EDDL_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${EDDL_INCLUDE_DIR}")
  # EDDL's own headers name Eigen; the embedded engine's do not.
  file(STRINGS "${EDDL_INCLUDE_DIR}/eddl/descriptors/descriptors.h" _eddl_eigen REGEX "Eigen/" LIMIT_COUNT 1)
  if(_eddl_eigen)
    find_path(EDDL_EIGEN_INCLUDE_DIR Eigen/Dense HINTS "${_eddl_prefix}" ${_eddl_hints} PATH_SUFFIXES include/eigen3 eigen3 REQUIRED)
    target_include_directories(EDDL::eddl SYSTEM INTERFACE "${EDDL_EIGEN_INCLUDE_DIR}")
  endif()
endif()
mark_as_advanced(EDDL_INCLUDE_DIR EDDL_LIBRARY EDDL_EIGEN_INCLUDE_DIR)
