// Choice of the layout for primitives that run in any layout but fast only in blocked ones.
#pragma once

#include <string>

#include "errors.h"
#include "onednn/operation.h"

namespace eddl::onednn {

// Layouts of a tensor [batch, channels, …] with 2 or 3 spatial axes: channel-blocked ones, widest first, then plain.
constexpr Tag LAYOUTS[][4] = {{Tag::nChw16c, Tag::nChw8c, Tag::nChw4c, Tag::nchw},
                              {Tag::nCdhw16c, Tag::nCdhw8c, Tag::nCdhw4c, Tag::ncdhw}};

// The first of the channel-blocked layouts for which oneDNN has generated code (on plain layouts its pooling is up to
// 25 times slower, its batch norm 5 times, which pays for the change of layout); else plain. make(tag) may return an
// empty description where a layout is not supported.
template <typename Description, typename Make>
Description vectorised(int rank, Make make) {
    const Tag(&tags)[4] = LAYOUTS[rank - 2];
    for (const Tag tag : {tags[0], tags[1], tags[2]}) {
        const Description description = make(tag);
        if (description && std::string(description.impl_info_str()).find("jit") != std::string::npos) {
            return description;
        }
    }
    const Description description = make(tags[3]);
    if (!description) failed("oneDNN", "has no primitive for this shape");
    return description;
}

}  // namespace eddl::onednn
