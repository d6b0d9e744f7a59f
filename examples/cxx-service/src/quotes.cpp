#include "quotes.hpp"

#include <fstream>
#include <stdexcept>

std::vector<std::string> read_quotes(const std::string &path)
{
    const std::string key = "quote = ";
    std::vector<std::string> quotes;
    std::ifstream in(path);
    std::string line;

    if (!in)
        throw std::runtime_error("cannot open " + path);
    for (int number = 1; std::getline(in, line); number++) {
        if (line.empty() || line[0] == '#')
            continue;
        if (line.compare(0, key.size(), key) != 0)
            throw std::runtime_error(path + ":" + std::to_string(number) + ": not a quote");
        quotes.push_back(line.substr(key.size()));
    }
    if (quotes.empty())
        throw std::runtime_error(path + ": no quotes");
    return quotes;
}
