// ImportNode: an import block: its content, fetched and followed, and what that defines.
//
// The content is replaced only by content that is good as a whole, with all that it imports itself; until then, and on any
// failure, the last good one stays. The first evaluation waits for its first content; afterwards it is fetched again when the
// arguments change, when the last attempt failed, and every now and then.
// Life:    created -> evaluate* -> started -> stopped. Imports inside the content are nodes of this one, not of the module's graph.
// Threads: loop thread only. Spec: runtime.md 8, modules.md 3.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/definitions.h"
#include "runtime/import_fetcher.h"
#include "runtime/node.h"
#include "runtime/steps.h"

namespace invar::runtime {

class ImportNode : public TaskNode {
 public:
  ImportNode(std::string id, std::string block_name, const std::string& label, const ModuleContext& module);
  ~ImportNode() override;

  void evaluate(const syntax::Scope& scope, Done done) override;
  [[nodiscard]] bool can_start() const override { return !ended(); }
  void start_task() override;
  void stop_task(async::Task done) override;
  [[nodiscard]] const std::shared_ptr<ImportSlot>& slot() const { return slot_; }
  void tell(OtherPipelinesView& view) const override;

 protected:
  [[nodiscard]] std::optional<component::Health> own_health() const override;

 private:
  using Nested = std::map<std::string, std::shared_ptr<ImportNode>>;  // by id
  struct Attempt {
    ImportedText text;
    std::vector<syntax::ast::BlockRef> blocks;
    Nested nested;
    std::vector<std::shared_ptr<ImportNode>> order;
    std::vector<syntax::Diagnostic> failures;
    Done done;
  };

  [[nodiscard]] std::string refusal() const;
  void fetch(Done done);
  void take(Result<ImportedText> text, Done done);
  void evaluate_nested();
  void adopt();
  void finish(Evaluation evaluation, Done done);
  Evaluation content_failure(std::string_view what, const syntax::Diagnostics& mistakes) const;
  void look_again_later();
  void refresh();

  const std::string block_name_;
  const std::unique_ptr<ImportFetcher> fetcher_;
  const std::shared_ptr<ImportSlot> slot_ = std::make_shared<ImportSlot>();
  ModuleContext inside_;  // of the imports in the content
  syntax::Boxed arguments_;
  std::string module_path_;                      // of the importer
  ImportedText text_;                            // of the content that is there
  std::vector<syntax::ast::BlockRef> left_out_;  // in the declares of the content
  Nested nested_;
  std::optional<component::Health> content_health_;
  Duration interval_{};
  bool good_ = false;  // the last attempt went well
  bool started_ = false;
  bool fetching_ = false, again_ = false;  // again: something changed meanwhile
  syntax::Boxed followed_;                 // arguments that are followed
  std::optional<Attempt> attempt_;
  Steps steps_;
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::runtime
