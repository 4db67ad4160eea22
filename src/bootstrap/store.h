// The small file through which ranks find each other, and whether the root of an id still answers.
#pragma once
#include <optional>
#include <string>

#include "src/bootstrap/rendezvous.h"

namespace hawser::store {

std::string content_of(const UniqueId&);
Result<UniqueId> parse_content(const std::string& path, const std::string& content);  // the status names the path and what is wrong

// Nothing: there is no such file. At most 4 KiB are read; a pipe or a folder is an error, not a wait.
Result<std::optional<std::string>> read_small_file(const std::string& path);
// All of it or nothing appears under the path. Without `replace` an existing file stays, and is Code::usage.
Status publish(const std::string& path, const std::string& content, bool replace, Random&);

// Code::ok: a root of this id answers and knows our key. Code::refused: something else does. Else: nobody.
Status probe(const UniqueId&, const Config&, uint64_t deadline_ns, const Clock&, Random&);

}  // namespace hawser::store
