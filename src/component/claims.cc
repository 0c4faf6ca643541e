#include "component/claims.h"

#include <list>
#include <map>
#include <mutex>
#include <utility>

namespace invar::component {
namespace {

struct Waiter {
  std::string who;
  async::Task when_held;
  bool started = false;
};
using Line = std::list<Waiter>;  // the first holds the thing

}  // namespace

struct Claims::Book {
  explicit Book(async::Loop& the_loop) : loop(&the_loop) {}

  async::Loop* loop;
  std::mutex mutex;
  std::map<std::string, Line> lines;

  // Whoever is the first of the line now, and was not told before.
  void tell_holder(const std::string& thing) {
    async::Task when_held;
    {
      const std::scoped_lock lock(mutex);
      const auto line = lines.find(thing);
      if (line != lines.end()) when_held = std::exchange(line->second.front().when_held, {});
    }
    if (when_held) when_held();
  }

  class Entry;
};

class Claims::Book::Entry final : public Claim {
 public:
  Entry(std::shared_ptr<Book> book, const std::string& thing, std::string who, async::Task when_held)
      : book_(std::move(book)), thing_(thing) {
    const std::scoped_lock lock(book_->mutex);
    Line& line = book_->lines[thing_];
    if (line.empty()) when_held = {};
    place_ = line.insert(line.end(), {std::move(who), std::move(when_held)});
  }

  ~Entry() override {
    const std::scoped_lock lock(book_->mutex);
    const auto line = book_->lines.find(thing_);
    const bool passes_on = line->second.begin() == place_;
    line->second.erase(place_);
    if (line->second.empty()) {
      book_->lines.erase(line);
    } else if (passes_on) {
      book_->loop->post([book = book_, thing = thing_] { book->tell_holder(thing); });
    }
  }

  bool held() const override {
    const std::scoped_lock lock(book_->mutex);
    return book_->lines.at(thing_).begin() == place_;
  }

  std::string holder() const override {
    const std::scoped_lock lock(book_->mutex);
    return book_->lines.at(thing_).front().who;
  }

  void started() override {
    const std::scoped_lock lock(book_->mutex);
    place_->started = true;
  }

  bool holder_started() const override {
    const std::scoped_lock lock(book_->mutex);
    return book_->lines.at(thing_).front().started;
  }

 private:
  std::shared_ptr<Book> book_;
  const std::string thing_;
  Line::iterator place_;
};

Claims::Claims(async::Loop& loop) : book_(std::make_shared<Book>(loop)) {}

std::unique_ptr<Claim> Claims::take(const std::string& thing, std::string who, async::Task when_held) {
  return std::make_unique<Book::Entry>(book_, thing, std::move(who), std::move(when_held));
}

}  // namespace invar::component
