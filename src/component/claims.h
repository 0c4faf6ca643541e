// Claims: which of the components holds a thing that only one can have, such as a listening address or a folder.
//
// A reload builds a new component before it stops the one that it replaces. Whoever comes second stands in line and is told,
// on the loop, when the thing is his; the first in line is the next.
// Two of one configuration that want the same are a mistake of it, though: see holder_started().
// Shape:    claim_ = claims.take("folder /var/profiles", options.id, [this] { open(); });  if (claim_->held()) open();
// Threads:  take() and the callbacks on the loop thread; a Claim may be destroyed on any.
// Lifetime: a destroyed Claim gives the thing back, or leaves the line; its callback does not run afterwards. Claims may outlive
//           the Claims object, and not the loop.
#pragma once

#include <memory>
#include <string>

#include "async/loop.h"

namespace invar::component {

class Claim {
 public:
  virtual ~Claim() = default;
  [[nodiscard]] virtual bool held() const = 0;
  // Who has the thing: the `who` of the one that holds it.
  [[nodiscard]] virtual std::string holder() const = 0;
  // To be said by a component's start(). One that holds a thing and runs may be about to stop, and is worth waiting for.
  virtual void started() = 0;
  [[nodiscard]] virtual bool holder_started() const = 0;
};

class Claims {
 public:
  explicit Claims(async::Loop& loop);
  // Held at once when nobody has `thing`; else `when_held` is posted when it is. Never null.
  [[nodiscard]] std::unique_ptr<Claim> take(const std::string& thing, std::string who, async::Task when_held);

 private:
  struct Book;
  std::shared_ptr<Book> book_;
};

}  // namespace invar::component
