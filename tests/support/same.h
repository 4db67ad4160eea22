// Comparing long results: all bytes at once, since a macro an element is most of a test's time under a sanitizer.
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <span>

namespace hawser::test {

// Equal to the last bit; the first element that is not, otherwise.
inline ::testing::AssertionResult same(std::span<const float> got, std::span<const float> wanted) {
  if (got.size() != wanted.size()) return ::testing::AssertionFailure() << got.size() << " elements, not " << wanted.size();
  if (got.empty() || std::memcmp(got.data(), wanted.data(), got.size_bytes()) == 0) return ::testing::AssertionSuccess();
  size_t i = 0;
  while (std::memcmp(&got[i], &wanted[i], sizeof(float)) == 0) ++i;
  return ::testing::AssertionFailure() << "element " << i << " of " << got.size() << " is " << got[i] << ", not " << wanted[i];
}

}  // namespace hawser::test
