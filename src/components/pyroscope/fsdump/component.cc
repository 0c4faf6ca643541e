#include "components/pyroscope/fsdump/component.h"

#include <unistd.h>

#include <random>
#include <utility>

#include "component/answer_times.h"
#include "component/receiver.h"
#include "component/relabel_schema.h"
#include "components/pyroscope/fsdump/arguments.h"
#include "components/pyroscope/fsdump/dumper.h"

namespace invar::components::pyroscope_fsdump {
namespace {

class FsDump final : public component::Component, public component::AnswerTimes {
 public:
  explicit FsDump(component::Options options)
      : options_(std::move(options)),
        dumper_({options_.id, options_.logger, options_.metrics, options_.loop, options_.disk_pool,
                 [engine = std::mt19937_64(std::random_device()())]() mutable { return engine(); },
                 options_.tap}) {}

  Result<> update(const component::Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    if (!claim_ || arguments.target_directory != arguments_.target_directory) {
      std::unique_ptr<component::Claim> claim = options_.claims->take(
          "folder " + arguments.target_directory, options_.id, alive_.bind([this] { take_over(); }));
      std::shared_ptr<archive::Directory> directory;
      if (claim->held()) {
        INVAR_ASSIGN_OR_RETURN(directory, open(arguments));
      } else if (!claim->holder_started()) {
        return fail(ErrorCode::kUnavailable,
                    arguments.target_directory + " is already used by " + claim->holder());
      }
      arguments_ = arguments;
      apply(directory);
      claim_ = std::move(claim);  // the old folder goes with the old claim
      if (running_) claim_->started();
      waiting_for_.clear();
      if (!directory) {
        waiting_for_ = arguments.target_directory + " is still used by " + claim_->holder();
        options_.logger.error("target_directory is in use; profiles wait until it is free",
                              {{"err", waiting_for_}});
      }
    } else {
      arguments_ = arguments;
      apply(dumper_.directory());
    }
    options_.set_exports(component::Boxed::of(component::receiver_exports_schema(),
                                              component::ReceiverExports{dumper_.receiver()}));
    return {};
  }

  void start() override {
    running_ = true;
    claim_->started();
    dumper_.start();
  }

  void stop(async::Task done) override {
    running_ = false;
    dumper_.stop(std::move(done));
  }

  [[nodiscard]] std::optional<component::Health> health() const override {
    if (waiting_for_.empty()) return std::nullopt;
    return component::Health{component::HealthState::kUnhealthy, waiting_for_, options_.loop->unix_ns()};
  }
  [[nodiscard]] std::vector<component::Problem> problems(component::Severity) const override {
    return dumper_.problems();
  }
  [[nodiscard]] component::BodyValue debug_info() const override { return dumper_.debug_info(); }
  [[nodiscard]] std::vector<const pipeline::Ledger*> ledgers() const override { return dumper_.ledgers(); }
  [[nodiscard]] std::vector<component::OutletView> outlets() const override { return {dumper_.outlet()}; }
  [[nodiscard]] const LastDurations* answer_times(std::string_view) const override {
    return &dumper_.times_to_store();
  }

 private:
  Result<std::shared_ptr<archive::Directory>> open(const Arguments& arguments) {
    INVAR_ASSIGN_OR_RETURN(auto directory,
                           archive::Directory::open(options_.files, arguments.target_directory, options_.id,
                                                    limits_of(arguments)));
    return std::shared_ptr<archive::Directory>(std::move(directory));
  }

  void apply(std::shared_ptr<archive::Directory> directory) {
    for (const auto& sentence : component::name_warnings(arguments_.rules)) options_.logger.warn(sentence);
    dumper_.configure({component::compile_rules(arguments_.rules, relabel::Names::kIdentifiers),
                       arguments_.external_labels, limits_of(arguments_)},
                      std::move(directory), arguments_.target_directory);
  }

  void take_over() {
    auto opened = open(arguments_);
    if (!opened) {
      waiting_for_ = opened.error().message;
      options_.logger.error("target_directory was given back, and cannot be used", {{"err", waiting_for_}});
      return;
    }
    waiting_for_.clear();
    options_.logger.info("target_directory is free now", {{"directory", arguments_.target_directory}});
    apply(std::move(*opened));
  }

  component::Options options_;
  Arguments arguments_;
  std::unique_ptr<component::Claim> claim_;  // on the folder; given back after the dumper has let go of it
  Dumper dumper_;
  std::string waiting_for_;  // why the folder is not ours yet; empty when it is
  bool running_ = false;
  async::Alive alive_;
};

}  // namespace

component::Registration registration() {
  component::Registration registration;
  registration.name = "pyroscope.fsdump";
  registration.summary = "Receives profiles and archives each as one file in a directory of bounded size.";
  registration.stability = component::Stability::kPublicPreview;
  registration.arguments = &arguments_schema;
  registration.exports = &component::receiver_exports_schema;
  registration.build =
      [](component::Options options,
         const component::Boxed& arguments) -> Result<std::unique_ptr<component::Component>> {
    auto built = std::make_unique<FsDump>(std::move(options));
    INVAR_TRY(built->update(arguments));
    return built;
  };
  registration.documentation =
      R"md(Each profile is written to a file of its own, `<uuid>.pb.gz`, that holds the profile together with its labels. The file is plain
gzip: `go tool pprof FILE` opens it. Bodies received on `/ingest` are kept as they came, as `<uuid>.ingest.gz`.
[The archive file](../../formats/archive.md) describes the bytes.

Use it beside `pyroscope.write` in one `forward_to` list, to archive profiles locally while they are sent. A slow or full disk
never delays a scrape or a push: profiles wait in up to 64 MiB of memory, and what does not fit or cannot be written is counted
(`pyroscope_fsdump_write_errors_total`, `pyroscope_ledger_dropped_total`) and reported in at most one log line a minute.

All labels are kept, also those that start with `__`. Rules see the labels before `external_labels` are added. Profile names are
those of Pyroscope, such as `process_cpu` and `memory`: a rule that looks for `.cpu` in `__name__` keeps nothing.

`max_size_bytes` counts file sizes, not disk blocks, and holds at every moment. Only files with names of our own in the directory itself are counted
and removed. One profile larger than the limit is refused. Two components, or two processes, cannot share a directory.)md";
  registration.example = R"alloy(pyroscope.fsdump "archiver" {
  target_directory = "/var/profiles"
  max_size_bytes = 5368709120  // 5GB

  external_labels = {
    "environment" = "production",
    "region" = "us-west-1",
  }

  // Only keep CPU profiles for certain services
  rule {
    source_labels = ["__name__", "service_name"]
    regex = "process_cpu;(api|database|cache).*"
    action = "keep"
  }
}
)alloy";
  return registration;
}

}  // namespace invar::components::pyroscope_fsdump
