// The messages of the rendezvous to and from bytes.
#include "src/bootstrap/messages.h"

#include "src/net/wire.h"

namespace hawser::rendezvous {
namespace {

constexpr size_t kListedMax = 16;

bool known(int32_t code) { return code <= static_cast<int32_t>(Code::invalid) && code >= static_cast<int32_t>(Code::internal); }

}  // namespace

std::string encode(const Join& join) {
  WireWriter writer;
  writer.number(join.ranks).number(join.rank).number(join.left_ms).number(static_cast<uint8_t>(join.patient)).text(join.who);
  return writer.take();
}

std::optional<Join> decode_join(std::string_view bytes) {
  WireReader reader(bytes);
  Join join;
  join.ranks = reader.number<uint32_t>();
  join.rank = reader.number<uint32_t>();
  join.left_ms = reader.number<uint64_t>();
  join.patient = reader.number<uint8_t>() != 0;
  join.who = reader.text(512);
  if (!reader.complete() || join.ranks == 0 || join.ranks > kRanksMax || join.rank >= join.ranks) return std::nullopt;
  for (char& letter : join.who)
    if (letter < ' ' || letter > '~') letter = '?';
  return join;
}

std::string encode(const Piece& piece) { return WireWriter().number(piece.round).number(piece.total_bytes).raw(piece.bytes).take(); }

std::optional<Piece> decode_piece(std::string_view bytes) {
  WireReader reader(bytes);
  Piece piece;
  piece.round = reader.number<uint64_t>();
  piece.total_bytes = reader.number<uint64_t>();
  piece.bytes = reader.rest();
  if (reader.failed() || piece.bytes.empty()) return std::nullopt;
  return piece;
}

std::string encode(const Blob& blob) { return WireWriter().number(blob.round).raw(blob.bytes).take(); }

std::optional<Blob> decode_blob(std::string_view bytes) {
  WireReader reader(bytes);
  Blob blob;
  blob.round = reader.number<uint64_t>();
  blob.bytes = reader.rest();
  if (reader.failed() || blob.bytes.size() > kBlobBytesMax) return std::nullopt;
  return blob;
}

std::string encode(const Status& status) {
  return WireWriter().number(static_cast<uint32_t>(status.code())).text(status.text().substr(0, kTextBytesMax)).take();
}

Status decode_status(std::string_view bytes) {
  WireReader reader(bytes);
  const auto code = static_cast<int32_t>(reader.number<uint32_t>());
  std::string text = reader.text(kTextBytesMax);
  if (!reader.complete() || !known(code)) return Status(Code::peer, "an error that arrived without a readable reason");
  return Status(static_cast<Code>(code), std::move(text));
}

std::string join_blobs(const std::vector<std::string>& blobs) {
  WireWriter writer;
  for (const std::string& each : blobs) writer.text(each);
  return writer.take();
}

std::optional<std::vector<std::string>> split_blobs(std::string_view bytes, size_t ranks) {
  WireReader reader(bytes);
  std::vector<std::string> blobs;
  for (size_t rank = 0; rank < ranks && !reader.failed(); ++rank) blobs.push_back(reader.text(kBlobBytesMax));
  if (!reader.complete()) return std::nullopt;
  return blobs;
}

std::string ranks_text(const std::vector<int>& ranks, int of) {
  std::string list;
  size_t listed = 0;
  for (size_t first = 0; first < ranks.size(); ++listed) {
    if (listed == kListedMax) {
      list += " and " + std::to_string(ranks.size() - first) + " more";
      break;
    }
    size_t last = first;
    while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) ++last;
    if (last == first + 1) last = first;  // two neighbours read better as two
    list += (list.empty() ? "" : ", ") + std::to_string(ranks[first]);
    if (last != first) list += "-" + std::to_string(ranks[last]);
    first = last + 1;
  }
  return (ranks.size() == 1 ? "rank " : "ranks ") + list + " of " + std::to_string(of);
}

}  // namespace hawser::rendezvous
