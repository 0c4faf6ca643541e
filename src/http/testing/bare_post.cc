#include "http/testing/bare_post.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "base/check.h"

namespace invar::http::testing {

struct BarePost::Impl {
  std::string url, body;
  CURLM* multi = curl_multi_init();
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<CURL*> handles;
  std::vector<bool> watched = std::vector<bool>(1024);
  bool due = false;

  void begin(CURL* handle) const {
    curl_easy_reset(handle);
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, 10'000L);
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(
        handle, CURLOPT_WRITEFUNCTION,
        +[](char*, std::size_t size, std::size_t n, void*) { return size * n; });
    curl_multi_add_handle(multi, handle);
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* data, void*) {
    auto& self = *static_cast<Impl*>(data);
    const auto index = static_cast<std::size_t>(fd);
    if (index >= self.watched.size()) self.watched.resize(index + 64);
    epoll_event event{};
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    event.data.fd = fd;
    const bool gone = what == CURL_POLL_REMOVE;
    epoll_ctl(self.epoll,
              gone                  ? EPOLL_CTL_DEL
              : self.watched[index] ? EPOLL_CTL_MOD
                                    : EPOLL_CTL_ADD,
              fd, &event);
    self.watched[index] = !gone;
    return 0;
  }
  static int on_timer(CURLM*, long ms, void* data) {
    static_cast<Impl*>(data)->due = ms == 0;
    return 0;
  }
};

BarePost::BarePost(std::string url, std::string body, std::size_t in_flight)
    : impl_(std::make_unique<Impl>()) {
  impl_->url = std::move(url);
  impl_->body = std::move(body);
  curl_multi_setopt(impl_->multi, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
  curl_multi_setopt(impl_->multi, CURLMOPT_SOCKETDATA, impl_.get());
  curl_multi_setopt(impl_->multi, CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
  curl_multi_setopt(impl_->multi, CURLMOPT_TIMERDATA, impl_.get());
  for (std::size_t i = 0; i < in_flight; ++i) impl_->handles.push_back(curl_easy_init());
}

BarePost::~BarePost() {
  for (CURL* handle : impl_->handles) curl_easy_cleanup(handle);
  curl_multi_cleanup(impl_->multi);
  ::close(impl_->epoll);
}

void BarePost::run(std::size_t requests) {
  std::size_t left = requests, running = 0;
  for (CURL* handle : impl_->handles) {
    if (left == 0) break;
    impl_->begin(handle);
    --left;
    ++running;
  }
  while (running > 0) {
    int ignored = 0;
    const bool due = std::exchange(impl_->due, false);
    if (due) curl_multi_socket_action(impl_->multi, CURL_SOCKET_TIMEOUT, 0, &ignored);
    std::array<epoll_event, 128> events;
    const int n = epoll_wait(impl_->epoll, events.data(), static_cast<int>(events.size()), due ? 0 : 100);
    for (int i = 0; i < n; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      const int mask =
          (event.events & EPOLLIN ? CURL_CSELECT_IN : 0) | (event.events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(impl_->multi, event.data.fd, mask, &ignored);
    }
    while (CURLMsg* message = curl_multi_info_read(impl_->multi, &ignored)) {
      CURL* const handle = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
      INVAR_CHECK(message->data.result == CURLE_OK && status == 200, "a bare request failed");
      curl_multi_remove_handle(impl_->multi, handle);
      --running;
      if (left == 0) continue;
      --left;
      ++running;
      impl_->begin(handle);
    }
  }
}

}  // namespace invar::http::testing
