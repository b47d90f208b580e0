# Under EDDL_PRUNE_SANITIZE, the checks named (GCC's -fsanitize=...), and stacks that can be followed cheaply.
function(eddl_prune_sanitize target checks)
  if(EDDL_PRUNE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${checks} -fno-omit-frame-pointer -fno-optimize-sibling-calls -g
      -O1)
    target_link_options(${target} PUBLIC -fsanitize=${checks})
  endif()
endfunction()

# Compile options that every target of ours shares.
function(eddl_prune_options target)
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_compile_options(${target} PRIVATE -Wall -Wextra ${ARGN})
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  eddl_prune_sanitize(${target} address,undefined)
  if(EDDL_PRUNE_SANITIZE)
    target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
  endif()
endfunction()

# One room of DESIGN.md: a static library `eddl_prune_<room>` that exports only its own include/ folder, so that
# including a header of a room that is not linked does not compile.
function(eddl_prune_room room)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp")
  add_library(eddl_prune_${room} STATIC ${sources})
  add_library(eddl_prune::${room} ALIAS eddl_prune_${room})
  target_include_directories(eddl_prune_${room} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/include")
  eddl_prune_options(eddl_prune_${room} -Wconversion)
endfunction()
