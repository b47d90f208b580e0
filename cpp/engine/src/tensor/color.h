// Colours of RGB images as linear maps.
#pragma once

#include <functional>

namespace eddl::image {

// A pixel becomes mix · pixel + gray · (mean gray of the image), the latter in all channels.
struct Colors {
    // What red, green and blue weigh in gray: ITU-R BT.601.
    static constexpr float GRAY[3] = {0.299f, 0.587f, 0.114f};

    float mix[3][3] = {{1.0f, 0.0f, 0.0f}, {0.0f, 1.0f, 0.0f}, {0.0f, 0.0f, 1.0f}};
    float gray = 0.0f;
};

// Of one image to gray, in as many channels as are asked for.
Colors grayscale();

// Factors of 1 and a hue of 0 change nothing. hue: parts of a full turn round the colour circle, as SVG's hueRotate.
Colors jittered(float brightness, float contrast, float saturation, float hue);

// What a layer does with colours.
struct Coloring {
    const char* function;
    int channels;                  // of the output
    std::function<Colors()> draw;  // once for each image
    bool random = false;           // inference leaves images alone
};

}  // namespace eddl::image
