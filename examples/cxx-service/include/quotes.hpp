#pragma once

#include <string>
#include <vector>

// Lines of a configuration file `quote = ...`; throws std::runtime_error with file and line.
std::vector<std::string> read_quotes(const std::string &path);
