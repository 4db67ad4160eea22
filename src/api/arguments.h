// Every argument that can be checked is checked here, before anything happens.
#pragma once
#include "hawser/hawser.h"
#include "src/api/handles.h"
#include "src/base/status.h"
#include "src/communicator/call.h"

namespace hawser::api {

bool overlap(const void* a, size_t a_bytes, const void* b, size_t b_bytes);
Status check_type(int32_t type);
Status check_op(int32_t op);
Status check(const hawser_comm* comm);                    // alive, not finalised
Status check(const hawser_comm* comm, const Call& call);  // and the operation's own arguments
Status check_message(const hawser_comm*, const void* data, size_t count, hawser_type, int peer, bool send, uint64_t* bytes);
Status read_call(const hawser_call*, Call&);                            // NULL is fine
Result<Stream*> read_stream(const hawser_comm*, hawser_stream);         // null: block
Status read_options(const hawser_comm_options*, hawser_comm_options&);  // NULL becomes all defaults; sizes checked

// "size" of a struct of the caller's against ours: larger only with a zero tail.
Status check_size(const void* given, size_t given_bytes, size_t known_bytes, const char* what);

}  // namespace hawser::api
