#pragma once

#include <functional>
#include <string>

struct Reply {
    int status = 200;
    std::string body;
};

// Serves GET until SIGTERM or SIGINT, one connection after the other.
void serve(unsigned short port, const std::function<Reply(const std::string &path)> &answer);

// The status that `http://<address>:<port><path>` answers; throws std::runtime_error.
int ask(const std::string &url);
