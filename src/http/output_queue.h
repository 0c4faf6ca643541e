// OutputQueue: what a connection has to write, in order, taken piece by piece. Pure; one owner.
// Shape:   queue.put(bytes); ... write(queue.next()) says n; queue.written(n); until empty().
// Lifetime: what next() points to stays until it is written.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace invar::http {

class OutputQueue {
 public:
  static constexpr std::size_t kPiecesPerWrite = 16;

  void put(std::string bytes) {
    if (bytes.empty()) return;
    backlog_ += bytes.size();
    pieces_.push_back(std::move(bytes));
  }
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] std::size_t backlog() const { return backlog_; }  // bytes

  [[nodiscard]] std::vector<std::string_view> next() const {
    std::vector<std::string_view> out;
    std::size_t skip = written_of_front_;
    for (const std::string& bytes : pieces_) {
      out.push_back(std::string_view(bytes).substr(skip));
      skip = 0;
      if (out.size() == kPiecesPerWrite) break;
    }
    return out;
  }
  void written(std::size_t bytes) {
    backlog_ -= bytes;
    written_of_front_ += bytes;
    while (!pieces_.empty() && written_of_front_ >= pieces_.front().size()) {
      written_of_front_ -= pieces_.front().size();
      pieces_.pop_front();
    }
  }

 private:
  std::deque<std::string> pieces_;
  std::size_t written_of_front_ = 0, backlog_ = 0;
};

}  // namespace invar::http
