// The reduction kernels of the host: one function per type and operation, vectorised by run-time dispatch, chosen once at plan time.
#pragma once
#include <cstddef>
#include <cstdint>

#include "src/base/types.h"

namespace hawser {

// out[i] = (in[0][i] op in[1][i] op ... in[inputs-1][i]) / divisor, in exactly this order. 16-bit floats are widened to f32, accumulated
// and divided there, and rounded once. divisor 1: not divided. out may equal any of the inputs. Pointers need only element alignment... not
// even that: any alignment works. stream: non-temporal stores to out, fenced before return.
using ReduceFunction = void (*)(void* out, const void* const* in, uint32_t inputs, size_t count, uint32_t divisor, bool stream);
ReduceFunction reduce_function(DataType, ReduceOp);  // avg as sum; null for types that do not reduce (f8)

// data[i] /= divisor; integers truncate towards zero. The epilogue of avg.
void divide(void* data, DataType, size_t count, uint32_t divisor);

void copy_bytes(void* into, const void* from, size_t bytes, bool stream);  // stream: as above; else memcpy

}  // namespace hawser
