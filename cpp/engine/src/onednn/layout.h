// Choice of the layout for primitives that run in any layout but fast only in blocked ones.
#pragma once

#include <string>

#include "errors.h"
#include "onednn/operation.h"

namespace eddl::onednn {

// The first of the channel-blocked layouts, widest first, for which oneDNN has generated code (on plain layouts its
// pooling is up to 25 times slower, its batch norm 5 times, which pays for the change of layout); else plain.
// make(tag) may return an empty description where a layout is not supported.
template <typename Description, typename Make>
Description vectorised(Make make) {
    for (const Tag tag : {Tag::nChw16c, Tag::nChw8c, Tag::nChw4c}) {
        const Description description = make(tag);
        if (description && std::string(description.impl_info_str()).find("jit") != std::string::npos) {
            return description;
        }
    }
    const Description description = make(Tag::nchw);
    if (!description) failed("oneDNN", "has no primitive for this shape");
    return description;
}

}  // namespace eddl::onednn
