// Splitting names into prefix and number, counting them up, and finding the run that a name belongs to.
#include "src/topology/names.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace hawser {

NumberedName split_name(std::string_view name) {
  size_t digits = 0;
  while (digits < name.size() && digits < 19 && name[name.size() - 1 - digits] >= '0' && name[name.size() - 1 - digits] <= '9') ++digits;
  if (digits > 18) digits = 0;  // no number that we count
  NumberedName result{name.substr(0, name.size() - digits), 0, digits};
  if (digits > 0) std::from_chars(name.data() + name.size() - digits, name.data() + name.size(), result.number);
  return result;
}

bool valid_name(std::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  return std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '.' ||
           letter == '_' || letter == '-';
  });
}

std::string name_of_host(const HostRun& run, uint64_t index) {
  if (index == 0) return run.first_name;
  const NumberedName first = split_name(run.first_name);
  const std::string number = std::to_string(first.number + index);
  const size_t padding = number.size() < first.digits ? first.digits - number.size() : 0;
  return std::string(first.prefix) + std::string(padding, '0') + number;
}

Result<HostNames> HostNames::make(const std::vector<HostRun>& runs) {
  HostNames names;
  names.runs_ = &runs;
  for (uint32_t r = 0; r < runs.size(); ++r) {
    const NumberedName first = split_name(runs[r].first_name);
    const uint64_t number = first.digits > 0 ? first.number + 1 : 0;
    names.ranges_.push_back({first.prefix, number, number + runs[r].hosts - 1, r});
  }
  std::sort(names.ranges_.begin(), names.ranges_.end(),
            [](const Range& a, const Range& b) { return std::tie(a.prefix, a.first) < std::tie(b.prefix, b.first); });
  for (size_t i = 1; i < names.ranges_.size(); ++i) {
    const Range &before = names.ranges_[i - 1], &after = names.ranges_[i];
    if (before.prefix == after.prefix && after.first <= before.last)
      return Status(Code::invalid,
                    "two hosts are named '" + runs[after.run].first_name + "' (leading zeros aside); give each its own name");
  }
  return names;
}

std::optional<HostNames::Found> HostNames::find(std::string_view name) const {
  const NumberedName wanted = split_name(name);
  const uint64_t number = wanted.digits > 0 ? wanted.number + 1 : 0;
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), std::tie(wanted.prefix, number),
                                      [](const auto& key, const Range& range) { return key < std::tie(range.prefix, range.first); });
  if (after == ranges_.begin()) return std::nullopt;
  const Range& range = *(after - 1);
  if (range.prefix != wanted.prefix || number > range.last) return std::nullopt;
  const Found found{range.run, number - range.first};
  if (name_of_host((*runs_)[range.run], found.index) != name) return std::nullopt;
  return found;
}

}  // namespace hawser
