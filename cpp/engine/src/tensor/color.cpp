#include "tensor/color.h"

#include <cmath>

namespace eddl::image {

namespace {

using Matrix = float[3][3];

// Where SVG's hueRotate turns colours round the axis of grays: gray + cos · (1 - gray) + sin · quarter turn.
constexpr float SVG_GRAY[3] = {0.213f, 0.715f, 0.072f};
constexpr Matrix QUARTER_TURN = {{-0.213f, -0.715f, 0.928f}, {0.143f, 0.140f, -0.283f}, {-0.787f, 0.715f, 0.072f}};

float identity(int row, int column) { return row == column ? 1.0f : 0.0f; }

}  // namespace

Colors grayscale() {
    Colors colors;
    for (auto& row : colors.mix) {
        for (int k = 0; k < 3; ++k) row[k] = Colors::GRAY[k];
    }
    return colors;
}

Colors jittered(float brightness, float contrast, float saturation, float hue) {
    constexpr float TWO_PI = 6.2831853f;
    const float cosine = std::cos(TWO_PI * hue), sine = std::sin(TWO_PI * hue);
    Colors colors;
    for (int c = 0; c < 3; ++c) {
        for (int k = 0; k < 3; ++k) {
            float sum = 0.0f;
            for (int j = 0; j < 3; ++j) {
                const float turned =
                    SVG_GRAY[j] + cosine * (identity(c, j) - SVG_GRAY[j]) + sine * QUARTER_TURN[c][j];
                const float saturated = saturation * identity(j, k) + (1.0f - saturation) * Colors::GRAY[k];
                sum += turned * saturated;
            }
            colors.mix[c][k] = brightness * contrast * sum;
        }
    }
    // Neither saturation nor hue changes grays.
    colors.gray = brightness * (1.0f - contrast);
    return colors;
}

}  // namespace eddl::image
