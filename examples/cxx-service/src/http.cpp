#include "http.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace {

volatile std::sig_atomic_t stopped;

void stop(int)
{
    stopped = 1;
}

struct Socket {
    int fd;
    explicit Socket(int fd) : fd(fd)
    {
        if (fd < 0)
            throw std::runtime_error(std::string("socket: ") + std::strerror(errno));
    }
    Socket(const Socket &) = delete;
    ~Socket() { close(fd); }
};

sockaddr_in address(const char *host, unsigned short port)
{
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &at.sin_addr) != 1)
        throw std::runtime_error(std::string("not an address: ") + host);
    return at;
}

} // namespace

void serve(unsigned short port, const std::function<Reply(const std::string &path)> &answer)
{
    struct sigaction on_stop {};
    on_stop.sa_handler = stop; // without SA_RESTART, so that accept() ends
    sigaction(SIGTERM, &on_stop, nullptr);
    sigaction(SIGINT, &on_stop, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    Socket listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int yes = 1;
    setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in at = address("0.0.0.0", port);
    if (bind(listener.fd, reinterpret_cast<sockaddr *>(&at), sizeof at) < 0 ||
        listen(listener.fd, 16) < 0)
        throw std::runtime_error(std::string("cannot listen: ") + std::strerror(errno));

    while (!stopped) {
        int fd = accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        Socket peer(fd);
        char request[2048];
        ssize_t n = read(peer.fd, request, sizeof request - 1);
        if (n <= 4 || std::strncmp(request, "GET ", 4) != 0)
            continue;
        request[n] = '\0';
        Reply reply = answer(std::string(request + 4, std::strcspn(request + 4, " ?\r\n")));
        std::string text = "HTTP/1.0 " + std::to_string(reply.status) +
                           "\r\nContent-Type: text/plain\r\nContent-Length: " +
                           std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
        if (write(peer.fd, text.data(), text.size()) < 0)
            continue;
    }
}

int ask(const std::string &url)
{
    char host[64], path[256] = "/";
    unsigned short port = 80;
    if (std::sscanf(url.c_str(), "http://%63[^:/]:%hu%255s", host, &port, path) < 2)
        throw std::runtime_error("not a URL: " + url);

    Socket peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at = address(host, port);
    if (connect(peer.fd, reinterpret_cast<sockaddr *>(&at), sizeof at) < 0)
        throw std::runtime_error("cannot reach " + url + ": " + std::strerror(errno));
    std::string request = std::string("GET ") + path + " HTTP/1.0\r\n\r\n";
    char answer[64] = "";
    int status = 0;
    if (write(peer.fd, request.data(), request.size()) < 0 ||
        read(peer.fd, answer, sizeof answer - 1) < 0 ||
        std::sscanf(answer, "HTTP/1.0 %d", &status) != 1)
        throw std::runtime_error("no answer from " + url);
    return status;
}
