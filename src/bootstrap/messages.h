// What ranks and the root say to each other, as values. docs/protocol/connections.md has the bytes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace hawser::rendezvous {

inline constexpr size_t kBlobBytesMax = 1 << 20;
inline constexpr size_t kRoundBytesMax = 64 << 20;
inline constexpr size_t kPieceBytes = 256 << 10;  // of an answer: what one frame carries
inline constexpr size_t kTextBytesMax = 4096;
inline constexpr uint32_t kRanksMax = 1 << 16;

enum class Say : uint8_t {
  join = 1,     // rank -> root: who it is
  welcome = 2,  // root -> rank: it counts now
  busy = 3,     // root -> rank: all ranks of this root have met; ours may come later at this address
  blob = 4,     // rank -> root: its part of a round
  answer = 5,   // root -> rank: a piece of all parts
  give_up = 6,  // rank -> root: why it goes no further
  failed = 7,   // root -> rank: why nobody does
  leave = 8     // rank -> root: it is done
};

struct Join {
  uint32_t ranks = 0, rank = 0;
  uint64_t left_ms = 0;  // until the rank's deadline
  bool patient = false;  // addresses are shared: "busy" instead of an error
  std::string who;       // "host h, process 7", for messages
};
std::string encode(const Join&);
std::optional<Join> decode_join(std::string_view);

struct Piece {  // of the answer of one round
  uint64_t round = 0, total_bytes = 0;
  std::string_view bytes;
};
std::string encode(const Piece&);
std::optional<Piece> decode_piece(std::string_view);

struct Blob {
  uint64_t round = 0;
  std::string_view bytes;
};
std::string encode(const Blob&);
std::optional<Blob> decode_blob(std::string_view);

std::string encode(const Status&);             // give_up and failed; cut to kTextBytesMax
Status decode_status(std::string_view bytes);  // never ok: what makes no sense is an error that says so

std::string join_blobs(const std::vector<std::string>&);  // {length 4, bytes} each
std::optional<std::vector<std::string>> split_blobs(std::string_view, size_t ranks);

// "rank 3 of 8", "ranks 2, 5-7 of 8"; long lists are cut.
std::string ranks_text(const std::vector<int>& ranks, int of);

}  // namespace hawser::rendezvous
