#include "quotes.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace {

int failures;

void expect(bool ok, const char *what)
{
    if (!ok) {
        std::cerr << "FAILED: " << what << '\n';
        failures++;
    }
}

std::string refuses(const char *path)
{
    try {
        read_quotes(path);
    } catch (const std::runtime_error &e) {
        return e.what();
    }
    return "";
}

} // namespace

int main()
{
    const char *path = "test_quotes.conf";

    std::ofstream(path) << "# two\nquote = one\n\nquote = and another\n";
    const auto quotes = read_quotes(path);
    expect(quotes.size() == 2, "two quotes");
    expect(quotes.size() == 2 && quotes[1] == "and another", "text is kept");

    std::ofstream(path) << "quote = one\nquot = two\n";
    expect(refuses(path) == "test_quotes.conf:2: not a quote", "a wrong line is named");
    std::ofstream(path) << "# none\n";
    expect(refuses(path) == "test_quotes.conf: no quotes", "an empty file is refused");
    std::remove(path);
    expect(refuses(path) == "cannot open test_quotes.conf", "a missing file is refused");
    return failures != 0;
}
