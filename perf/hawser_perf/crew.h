// Starts the ranks of this machine as processes of this same program, and sees all of them to their end.
#pragma once
#include <string>
#include <vector>

namespace hawser::perf {

// Runs `ranks` copies of `program` with `arguments`, which meet through a file. Returns the exit status of the whole: 0 when all ended
// well, 1 when one failed or was killed (and says which), 130 after ^C. Nothing of it is left when this returns. Call it before any thread
// exists.
int run_crew(const std::string& program, const std::vector<std::string>& arguments, int ranks);

}  // namespace hawser::perf
