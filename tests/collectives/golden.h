// Texts kept in tests/golden: a change of what we draw shows as a difference a person can read.
#pragma once
#include <string>

namespace hawser {

extern bool golden_write;
void expect_golden(const std::string& file, const std::string& text);

}  // namespace hawser
