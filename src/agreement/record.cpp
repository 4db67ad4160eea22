// A record to and from bytes. The head keeps its place in every version, so that ranks of unlike libraries can name their versions.
#include "src/agreement/record.h"

#include <algorithm>

#include "src/net/wire.h"
#include "src/topology/discovery.h"

namespace hawser {
namespace {

constexpr uint32_t kMagic = 0x43525748;  // "HWRC"
constexpr size_t kNameBytesMax = 255, kSettingsBytesMax = 64 << 10;
constexpr uint32_t kNicsMax = 64, kAddressesMax = 64, kCpuWordsMax = 16384;

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) { return letter >= ' ' && letter <= '~'; });
}

// A text that will stand in messages: short, and without control characters.
std::string name_from(WireReader& reader, bool& sound) {
  std::string text = reader.text(kNameBytesMax);
  sound = sound && printable(text);
  return text;
}

void write_nic(WireWriter& writer, const NicRecord& nic) {
  writer.text(nic.name).number(static_cast<uint8_t>(nic.fabric)).number(nic.bits_per_s).text(nic.subnet);
  const size_t addresses = std::min<size_t>(nic.addresses.size(), kAddressesMax);  // as many as readers take
  writer.number(static_cast<uint32_t>(addresses));
  for (size_t i = 0; i < addresses; ++i) writer.text(nic.addresses[i]);
}

NicRecord nic_from(WireReader& reader, bool& sound) {
  NicRecord nic;
  nic.name = name_from(reader, sound);
  const uint8_t fabric = reader.number<uint8_t>();
  sound = sound && fabric <= static_cast<uint8_t>(Fabric::iwarp);
  nic.fabric = static_cast<Fabric>(fabric);
  nic.bits_per_s = reader.number<uint64_t>();
  nic.subnet = name_from(reader, sound);
  const uint32_t addresses = reader.number<uint32_t>();
  sound = sound && addresses <= kAddressesMax;
  for (uint32_t i = 0; sound && i < addresses && !reader.failed(); ++i) nic.addresses.push_back(name_from(reader, sound));
  return nic;
}

Status unreadable() { return Status(Code::peer, "a rank's record of itself cannot be read"); }

}  // namespace

std::string Record::encode() const {
  WireWriter writer;
  writer.number(kMagic).number(protocol).text(library_version);
  writer.number(catalog).text(settings).identity(identity).text(boot_id).text(host_name).text(door).number(user).number(process);
  const size_t told = std::min<size_t>(nics.size(), kNicsMax);
  writer.number(quota_x256).number(static_cast<uint32_t>(cpu_mask.size()));
  for (const uint64_t word : cpu_mask) writer.number(word);
  writer.number(static_cast<uint32_t>(told));
  for (size_t i = 0; i < told; ++i) write_nic(writer, nics[i]);
  return writer.take();
}

Result<Record> Record::decode(std::string_view bytes) {
  WireReader reader(bytes);
  Record record;
  bool sound = reader.number<uint32_t>() == kMagic;
  record.protocol = reader.number<uint32_t>();
  record.library_version = name_from(reader, sound);
  if (!sound || reader.failed()) return unreadable();
  if (record.protocol != protocol_version) return record;  // the rest may be laid out otherwise; check_records names both versions
  record.catalog = reader.number<uint64_t>();
  record.settings = reader.text(kSettingsBytesMax);
  record.identity = reader.identity();
  record.boot_id = name_from(reader, sound);
  record.host_name = name_from(reader, sound);
  record.door = name_from(reader, sound);
  record.user = reader.number<uint64_t>();
  record.process = reader.number<uint64_t>();
  record.quota_x256 = reader.number<uint32_t>();
  const uint32_t words = reader.number<uint32_t>();
  sound = sound && record.quota_x256 > 0 && words <= kCpuWordsMax;
  for (uint32_t i = 0; sound && i < words && !reader.failed(); ++i) record.cpu_mask.push_back(reader.number<uint64_t>());
  sound = sound && cpus_in(record.cpu_mask) > 0;
  const uint32_t nics = reader.number<uint32_t>();
  sound = sound && nics <= kNicsMax;
  for (uint32_t i = 0; sound && i < nics && !reader.failed(); ++i) record.nics.push_back(nic_from(reader, sound));
  if (!sound || !reader.complete()) return unreadable();
  return record;
}

}  // namespace hawser
