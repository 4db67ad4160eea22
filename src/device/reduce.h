// The reduction kernels of the host: one function per type and operation, vectorised by run-time dispatch, chosen once at plan time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "src/base/types.h"

namespace hawser {

// out[i] = (in[0][i] op in[1][i] op ... in[inputs-1][i]) / divisor, in exactly this order. Integers wrap around. 16-bit floats are widened
// to f32, accumulated and divided there, and rounded once, to nearest even. min and max of floats do not depend on the order of the inputs:
// a NaN anywhere gives a NaN (its payload is not defined), and -0 is below +0. An element's bits never depend on where it lies in the
// buffers. divisor 1: not divided. out may equal any of the inputs, but not overlap them otherwise. Any alignment works; nothing is read or
// written beyond count. stream: non-temporal stores to out, fenced before return.
using ReduceFunction = void (*)(void* out, const void* const* in, uint32_t inputs, size_t count, uint32_t divisor, bool stream);
ReduceFunction reduce_function(DataType, ReduceOp);  // avg as sum; null for types that do not reduce (f8)

// The same into every output at once (at least one): inputs are read once, and outputs may be equal to inputs as above. Outputs that lie
// differently within their vectors are stored plainly.
using ReduceToAllFunction = void (*)(std::span<std::byte* const> out, const void* const* in, uint32_t inputs, size_t count,
                                     uint32_t divisor, bool stream);
ReduceToAllFunction reduce_to_all_function(DataType, ReduceOp);

// data[i] /= divisor; integers truncate towards zero. The epilogue of avg.
void divide(void* data, DataType, size_t count, uint32_t divisor);

void copy_bytes(void* into, const void* from, size_t bytes, bool stream);  // stream: as above; else memcpy

}  // namespace hawser
