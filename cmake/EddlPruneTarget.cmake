# Compile options that every target of ours shares.
function(eddl_prune_options target)
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_compile_options(${target} PRIVATE -Wall -Wextra ${ARGN})
  set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(EDDL_PRUNE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-omit-frame-pointer -g)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
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
