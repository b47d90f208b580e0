# Finds an EDDL installation (EDDL itself or the embedded engine: same layout) and defines EDDL::eddl.
# Looks in EDDL_DIR (CMake or environment), the active conda prefix, the Python prefix and the usual system places.
set(_eddl_hints "${EDDL_DIR}" "$ENV{EDDL_DIR}" "$ENV{CONDA_PREFIX}" "$ENV{VIRTUAL_ENV}" "${Python_ROOT_DIR}")
list(FILTER _eddl_hints EXCLUDE REGEX "^$")
# A build tree that is configured again for another EDDL must not keep the old one's paths.
if(NOT "${_eddl_hints}" STREQUAL "${_eddl_hints_used}")
  unset(EDDL_INCLUDE_DIR CACHE)
  unset(EDDL_LIBRARY CACHE)
  set(_eddl_hints_used "${_eddl_hints}" CACHE INTERNAL "where EDDL was looked for")
endif()

find_path(EDDL_INCLUDE_DIR eddl/net/net.h HINTS ${_eddl_hints} PATH_SUFFIXES include)
find_library(EDDL_LIBRARY eddl HINTS ${_eddl_hints} PATH_SUFFIXES lib)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(EDDL REQUIRED_VARS EDDL_LIBRARY EDDL_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "set EDDL_DIR to the prefix (include/, lib/) of an EDDL or embedded-engine installation")

if(EDDL_FOUND AND NOT TARGET EDDL::eddl)
  add_library(EDDL::eddl SHARED IMPORTED)
  set_target_properties(EDDL::eddl PROPERTIES
    IMPORTED_LOCATION "${EDDL_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${EDDL_INCLUDE_DIR}")
  # EDDL's own headers name Eigen; the embedded engine's do not.
  file(STRINGS "${EDDL_INCLUDE_DIR}/eddl/descriptors/descriptors.h" _eddl_eigen REGEX "Eigen/" LIMIT_COUNT 1)
  if(_eddl_eigen)
    find_path(EDDL_EIGEN_INCLUDE_DIR Eigen/Dense HINTS ${_eddl_hints} PATH_SUFFIXES include/eigen3 eigen3 REQUIRED)
    target_include_directories(EDDL::eddl SYSTEM INTERFACE "${EDDL_EIGEN_INCLUDE_DIR}")
  endif()
endif()
mark_as_advanced(EDDL_INCLUDE_DIR EDDL_LIBRARY EDDL_EIGEN_INCLUDE_DIR)
