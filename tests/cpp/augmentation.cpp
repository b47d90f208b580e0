// The layers that EDDL's API names and PyEDDL does not bind: affine maps, colours, normalisation of images. Says what is
// wrong and exits with 1; run by test_engine_cpp.py.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "checks.h"

namespace {

using Make = std::function<layer(layer)>;

constexpr int BATCH = 4, HEIGHT = 5, WIDTH = 7, PIXELS = HEIGHT * WIDTH;
constexpr float GRAY[] = {0.299f, 0.587f, 0.114f};

// Values between 0 and 1, the same each time.
Values images(unsigned seed = 1) {
    Values values(BATCH * 3 * PIXELS);
    for (float& value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = static_cast<float>(seed >> 8) / (1u << 24);
    }
    return values;
}

// A layer on images.
struct Run {
    layer input = eddl::Input({3, HEIGHT, WIDTH});
    layer tested;
    explicit Run(const Make& make, int mode = TRMODE) : tested(make(input)) {
        tested->setmode(mode);
        for (layer l : {input, tested}) l->resize(BATCH);
    }
    ~Run() {
        delete tested;
        delete input;
    }
    Values forward(const Values& values) {
        std::copy(values.begin(), values.end(), input->output->ptr);
        tested->forward();
        return values_of(tested->output);
    }
    Values backward(const Values& delta) {
        for (layer l : {input, tested}) l->mem_delta();
        input->delta->fill_(1.0f);  // backward adds
        std::copy(delta.begin(), delta.end(), tested->delta->ptr);
        tested->backward();
        Values result = values_of(input->delta);
        for (float& value : result) value -= 1.0f;
        return result;
    }
};

Values forward(const Make& make, const Values& values, int mode = TRMODE) { return Run(make, mode).forward(values); }

double product(const Values& a, const Values& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

// The layers are linear: what goes back must be the transpose of what went forward.
void test_transpose(const Make& make, const std::string& what) {
    Run run(make);
    const Values x = images(2), y = run.forward(x);
    Values g(y.size());
    for (std::size_t i = 0; i < g.size(); ++i) g[i] = std::sin(static_cast<float>(i));
    const double forth = product(y, g), back = product(x, run.backward(g));
    expect(std::fabs(forth - back) < 1e-3 * (1.0 + std::fabs(forth)), what + ": the gradient is not the transpose");
}

void test_affine() {
    const Values x = images();
    const auto affine = [](float angle, float translate, float scale, float shear) -> Make {
        return [=](layer l) { return eddl::Affine(l, angle, translate, scale, shear); };
    };
    const auto same_as = [&](const Make& one, const Make& other, const std::string& what) {
        expect_close(forward(one, x), forward(other, x), what);
    };
    expect_close(forward(affine(0, 0, 0, 0), x), x, "Affine that changes nothing");
    expect_close(forward(affine(0, 0, 1, 0), x), x, "Affine of scale 1");
    same_as(affine(37, 0, 0, 0), [](layer l) { return eddl::Rotate(l, 37, {0, 0}, "constant"); }, "Affine that rotates");
    same_as(affine(0, -0.4f, 0, 0), [](layer l) { return eddl::Shift(l, {-2, -2}, "constant"); }, "Affine that shifts");

    // A scale of 2 shows each pixel near the centre twice; a shear of 45 degrees moves a row by its distance from it.
    const Values doubled = forward(affine(0, 0, 2, 0), x), sheared = forward(affine(0, 0, 0, 45), x);
    const auto at = [](const Values& values, int row, int column) {
        const bool outside = row < 0 || row >= HEIGHT || column < 0 || column >= WIDTH;
        return outside ? 0.0f : values[static_cast<std::size_t>(row * WIDTH + column)];
    };
    for (int row = 0; row < HEIGHT; ++row) {
        for (int column = 0; column < WIDTH; ++column) {
            const auto half = [](int i, int centre) { return static_cast<int>((i - centre) / 2.0 + centre); };
            expect(at(doubled, row, column) == at(x, half(row, 2), half(column, 3)), "Affine that scales");
            expect(at(sheared, row, column) == at(x, row, column - (row - 2)), "Affine that shears");
        }
    }
    same_as([](layer l) { return eddl::RandomAffine(l, {20, 20}, {0.2f, 0.2f}, {1.5f, 1.5f}, {10, 10}); },
            affine(20, 0.2f, 1.5f, 10), "RandomAffine without a choice");
    const Make random = [](layer l) { return eddl::RandomAffine(l, {-90, 90}, {-0.3f, 0.3f}, {0.5f, 2}, {-20, 20}); };
    expect(forward(random, x) != forward(random, x), "RandomAffine draws nothing");
    expect_close(forward(random, x, TSMODE), x, "RandomAffine in inference");
    test_transpose(random, "RandomAffine");
    test_transpose(affine(20, 0.2f, 1.5f, 10), "Affine");

    layer input = eddl::Input({3, HEIGHT, WIDTH});
    const float nan = std::nanf("");
    expect_refusal([=] { eddl::Affine(input, nan); }, "an angle that is no number");
    expect_refusal([=] { eddl::Affine(input, 0, 2); }, "a translation by more than the image");
    expect_refusal([=] { eddl::Affine(input, 0, 0, -1); }, "a negative scale");
    expect_refusal([=] { eddl::Affine(input, 0, 0, 0, 90); }, "a shear by a right angle");
    expect_refusal([=] { eddl::RandomAffine(input, {0}, {0, 0}, {0, 0}, {0, 0}); }, "a range of one number");
    expect(input->child.empty(), "a refused layer is in the graph");
    delete input;
}

float gray_of(const Values& values, int image, int pixel) {
    float gray = 0.0f;
    for (int c = 0; c < 3; ++c) gray += GRAY[c] * values[static_cast<std::size_t>((image * 3 + c) * PIXELS + pixel)];
    return gray;
}

// [batch, channels, …] of the gray of each pixel.
Values grays_of(const Values& values, int channels) {
    Values grays;
    for (int image = 0; image < BATCH; ++image) {
        for (int c = 0; c < channels; ++c) {
            for (int pixel = 0; pixel < PIXELS; ++pixel) grays.push_back(gray_of(values, image, pixel));
        }
    }
    return grays;
}

// The channels of one image.
Values image_of(const Values& values, int image) {
    return Values(values.begin() + image * 3 * PIXELS, values.begin() + (image + 1) * 3 * PIXELS);
}

void test_grayscale() {
    const Values x = images();
    const Make gray = [](layer l) { return eddl::Grayscale(l); };
    for (int mode : {TRMODE, TSMODE}) expect_close(forward(gray, x, mode), grays_of(x, 1), "Grayscale");
    test_transpose(gray, "Grayscale");

    const Make random = [](layer l) { return eddl::RandomGrayscale(l); };
    const Values grays = grays_of(x, 3);
    int turned = 0;
    for (int repeat = 0; repeat < 20; ++repeat) {
        const Values y = forward(random, x);
        for (int image = 0; image < BATCH; ++image) {
            const bool kept = image_of(y, image) == image_of(x, image);
            if (kept) continue;
            ++turned;
            expect_close(image_of(y, image), image_of(grays, image), "RandomGrayscale");
        }
    }
    expect(turned > 15 && turned < 65, "RandomGrayscale turns " + std::to_string(turned) + " of 80 images gray");
    expect_close(forward(random, x, TSMODE), x, "RandomGrayscale in inference");
    test_transpose(random, "RandomGrayscale");
}

void test_color_jitter() {
    const Values x = images();
    const auto jitter = [](float brightness, float contrast, float saturation, float hue) -> Make {
        return [=](layer l) { return eddl::ColorJitter(l, brightness, contrast, saturation, hue); };
    };
    expect_close(forward(jitter(0, 0, 0, 0), x), x, "ColorJitter of nothing");
    expect_close(forward(jitter(1, 1, 1, 0.5f), x, TSMODE), x, "ColorJitter in inference");
    for (int repeat = 0; repeat < 10; ++repeat) {
        const Values bright = forward(jitter(0.5f, 0, 0, 0), x), contrast = forward(jitter(0, 0.5f, 0, 0), x);
        const Values saturated = forward(jitter(0, 0, 0.5f, 0), x);
        for (int image = 0; image < BATCH; ++image) {
            const Values original = image_of(x, image), y = image_of(bright, image), z = image_of(contrast, image);
            const float factor = y[0] / original[0];
            expect(factor >= 0.5f && factor <= 1.5f, "the brightness' factor is " + std::to_string(factor));
            float mean = 0.0f;
            for (int pixel = 0; pixel < PIXELS; ++pixel) mean += gray_of(x, image, pixel) / PIXELS;
            const float spread = (z[0] - mean) / (original[0] - mean);
            expect(spread >= 0.49f && spread <= 1.51f, "the contrast's factor is " + std::to_string(spread));
            for (std::size_t i = 0; i < original.size(); ++i) {
                expect(std::fabs(y[i] - factor * original[i]) < 1e-4f, "a pixel has another brightness");
                expect(std::fabs(z[i] - mean - spread * (original[i] - mean)) < 1e-3f, "a pixel has another contrast");
            }
        }
        expect_close(grays_of(saturated, 1), grays_of(x, 1), "what is saturated keeps its gray");
        expect(saturated != x, "the saturation is not drawn");
    }
    const Values grays = grays_of(x, 3);
    expect_close(forward(jitter(0, 0, 0.9f, 0.5f), grays), grays, "grays have no hue");
    const Values turned = forward(jitter(0, 0, 0, 0.5f), x);
    expect(turned != x, "the hue is not drawn");
    test_transpose(jitter(0.4f, 0.7f, 0.9f, 0.5f), "ColorJitter");

    layer input = eddl::Input({3, HEIGHT, WIDTH}), gray = eddl::Input({1, HEIGHT, WIDTH}), flat = eddl::Input({3});
    expect_refusal([=] { eddl::ColorJitter(input, -0.1f); }, "a negative brightness");
    expect_refusal([=] { eddl::ColorJitter(input, 0, 0, 0, 0.6f); }, "a hue beyond half a turn");
    for (layer other : {gray, flat}) {
        expect_refusal([=] { eddl::ColorJitter(other); }, "what has no three channels");
        expect_refusal([=] { eddl::Grayscale(other); }, "what has no three channels");
    }
    for (layer l : {input, gray, flat}) {
        expect(l->child.empty(), "a refused layer is in the graph");
        delete l;
    }
}

void test_normalize() {
    const Values y = forward([](layer l) { return eddl::Normalize(l); }, images());
    for (int image = 0; image < BATCH; ++image) {
        double sum = 0.0, squares = 0.0;
        for (const float value : image_of(y, image)) {
            sum += value;
            squares += static_cast<double>(value) * value;
        }
        const double n = 3 * PIXELS;
        expect(std::fabs(sum / n) < 1e-4, "a normalised image's mean is not 0");
        expect(std::fabs(squares / n - 1.0) < 0.02, "a normalised image's deviation is not 1");
    }
}

}  // namespace

int main() {
    return outcome([] {
        test_affine();
        test_grayscale();
        test_color_jitter();
        test_normalize();
    });
}
