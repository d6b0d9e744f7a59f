#include "http.hpp"
#include "quotes.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

int main(int argc, char **argv)
try {
    std::string config = "quotes.conf", check;
    bool print = false;
    for (int i = 1; i < argc; i++) {
        const std::string arg = argv[i];
        if (arg == "--version") {
            std::cout << "quote-service 1.2.0\n";
            return 0;
        } else if (arg == "--print") {
            print = true;
        } else if (arg == "--config" && i + 1 < argc) {
            config = argv[++i];
        } else if (arg == "--check" && i + 1 < argc) {
            check = argv[++i];
        } else {
            std::cerr << "usage: quote-service [--config FILE] [--print | --check URL | --version]\n";
            return 2;
        }
    }
    if (!check.empty())
        return ask(check) == 200 ? 0 : 1;

    const auto quotes = read_quotes(config);
    if (print) {
        for (const auto &quote : quotes)
            std::cout << quote << '\n';
        return 0;
    }

    const char *port = std::getenv("QUOTE_PORT");
    std::size_t next = 0;
    serve(static_cast<unsigned short>(port ? std::stoi(port) : 8080),
          [&](const std::string &path) -> Reply {
              if (path == "/health")
                  return {200, "ok\n"};
              if (path == "/")
                  return {200, quotes[next++ % quotes.size()] + "\n"};
              return {404, "not found\n"};
          });
    return 0;
} catch (const std::exception &e) {
    std::cerr << "quote-service: " << e.what() << '\n';
    return 1;
}
