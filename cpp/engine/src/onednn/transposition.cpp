#include "onednn/transposition.h"

#include <algorithm>

#include "parallel.h"

#ifdef __SSE__
#include <xmmintrin.h>
#endif

namespace eddl::onednn {

namespace {

using Index = std::ptrdiff_t;

constexpr Index TILE = 4;                       // what four registers of four floats hold
constexpr Index BLOCK = 64 / sizeof(float);     // a cache line's

template <bool add>
void transpose_any(const float* src, Index src_stride, float* dst, Index dst_stride, Index rows, Index columns) {
    for (Index c = 0; c < columns; ++c) {
        for (Index r = 0; r < rows; ++r) {
            const float value = src[r * src_stride + c];
            float& target = dst[c * dst_stride + r];
            target = add ? target + value : value;
        }
    }
}

template <bool add>
void transpose_tile(const float* src, Index src_stride, float* dst, Index dst_stride) {
#ifdef __SSE__
    __m128 a = _mm_loadu_ps(src), b = _mm_loadu_ps(src + src_stride);
    __m128 c = _mm_loadu_ps(src + 2 * src_stride), d = _mm_loadu_ps(src + 3 * src_stride);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    const auto put = [](float* to, __m128 row) { _mm_storeu_ps(to, add ? _mm_add_ps(_mm_loadu_ps(to), row) : row); };
    put(dst, a), put(dst + dst_stride, b), put(dst + 2 * dst_stride, c), put(dst + 3 * dst_stride, d);
#else
    transpose_any<add>(src, src_stride, dst, dst_stride, TILE, TILE);
#endif
}

// Visits the tiles of the widest part of [rows, columns] that they fill, whole lines of the matrix with the longer rows
// at a time: where those are a power of two apart, few of them fit the cache at once.
template <typename Visit>
void for_each_tile(Index rows, Index columns, bool along_rows, Visit visit) {
    if (along_rows) {
        for (Index r = 0; r < rows; r += TILE)
            for (Index c = 0; c < columns; c += TILE) visit(r, c);
    } else {
        for (Index c = 0; c < columns; c += TILE)
            for (Index r = 0; r < rows; r += TILE) visit(r, c);
    }
}

template <bool add>
void transpose(const Transposition& t, const float* src, float* dst) {
    const Index rows = t.rows, columns = t.columns;
    const Index strips = (rows + BLOCK - 1) / BLOCK;
    parallel_for(t.count * strips, [=](Index i) {
        const Index first = i % strips * BLOCK, height = std::min(BLOCK, rows - first);
        const float* const from = src + i / strips * rows * columns + first * columns;
        float* const to = dst + i / strips * rows * columns + first;
        const Index whole_rows = height / TILE * TILE;
        for (Index column = 0; column < columns; column += BLOCK) {
            const Index width = std::min(BLOCK, columns - column), whole_columns = width / TILE * TILE;
            const float* const x = from + column;
            float* const y = to + column * rows;
            for_each_tile(whole_rows, whole_columns, columns > rows, [=](Index r, Index c) {
                transpose_tile<add>(x + r * columns + c, columns, y + c * rows + r, rows);
            });
            transpose_any<add>(x + whole_rows * columns, columns, y + whole_rows, rows, height - whole_rows, width);
            transpose_any<add>(x + whole_columns, columns, y + whole_columns * rows, rows, whole_rows,
                               width - whole_columns);
        }
    }, BLOCK * columns);
}

}  // namespace

void Transposition::run(const float* src, float* dst, bool add) const {
    add ? transpose<true>(*this, src, dst) : transpose<false>(*this, src, dst);
}

}  // namespace eddl::onednn
