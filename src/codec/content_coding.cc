#include "codec/content_coding.h"

#include <brotli/decode.h>
#include <fmt/format.h>
#include <isa-l.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <ranges>

#include "base/strings.h"
#include "codec/gzip.h"

namespace invar::codec {
namespace {

constexpr std::size_t kStep = 64 << 10;

std::unexpected<Error> damaged(std::string_view coding) {
  return fail(ErrorCode::kDataLoss, fmt::format("the body is not what its Content-Encoding {} says", coding));
}
std::unexpected<Error> too_large(std::uint64_t limit) {
  return fail(ErrorCode::kResourceExhausted,
              fmt::format("the unpacked body is larger than the limit of {}", human_bytes(limit)));
}

Result<std::string> undo_gzip(std::string_view body, std::uint64_t limit) {
  Inflater inflater;
  std::string out;
  if (auto done = inflater.gunzip(body, limit, out); !done) {
    return done.error().code == ErrorCode::kResourceExhausted ? too_large(limit) : damaged("gzip");
  }
  return out;
}

Result<std::string> inflate_all(std::string_view body, std::uint64_t limit, std::uint32_t wrapper) {
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = wrapper;
  state->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(body.data()));
  state->avail_in = static_cast<std::uint32_t>(body.size());
  std::string out;
  std::array<std::uint8_t, kStep> step;
  while (true) {
    state->next_out = step.data();
    state->avail_out = step.size();
    if (isal_inflate(state.get()) != ISAL_DECOMP_OK) return damaged("deflate");
    out.append(reinterpret_cast<const char*>(step.data()), step.size() - state->avail_out);
    if (out.size() > limit) return too_large(limit);
    if (state->block_state == ISAL_BLOCK_FINISH) return out;
    if (state->avail_in == 0 && state->avail_out > 0) return damaged("deflate");
  }
}

Result<std::string> undo_deflate(std::string_view body, std::uint64_t limit) {
  auto wrapped = inflate_all(body, limit, ISAL_ZLIB);
  if (wrapped || wrapped.error().code == ErrorCode::kResourceExhausted) return wrapped;
  return inflate_all(body, limit, ISAL_DEFLATE);
}

Result<std::string> undo_brotli(std::string_view body, std::uint64_t limit) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance);
  std::size_t left = body.size();
  const auto* in = reinterpret_cast<const std::uint8_t*>(body.data());
  std::string out;
  std::array<std::uint8_t, kStep> step;
  while (true) {
    std::size_t room = step.size();
    std::uint8_t* at = step.data();
    const auto result = BrotliDecoderDecompressStream(state.get(), &left, &in, &room, &at, nullptr);
    out.append(reinterpret_cast<const char*>(step.data()), step.size() - room);
    if (out.size() > limit) return too_large(limit);
    if (result == BROTLI_DECODER_RESULT_SUCCESS) return out;
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return damaged("br");
  }
}

Result<std::string> undo_zstd(std::string_view body, std::uint64_t limit) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             &ZSTD_freeDStream);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::string out;
  std::array<char, kStep> step;
  while (true) {
    ZSTD_outBuffer to{step.data(), step.size(), 0};
    const std::size_t left = ZSTD_decompressStream(stream.get(), &to, &in);
    if (ZSTD_isError(left)) return damaged("zstd");
    out.append(step.data(), to.pos);
    if (out.size() > limit) return too_large(limit);
    if (in.pos < in.size || to.pos == to.size) continue;
    if (left == 0) return out;
    return damaged("zstd");
  }
}

// Words that stand where a coding should, though nothing was coded: that of no coding, and names of character sets and of MIME's
// transfer encodings. Other clients do not look at them at all.
bool means_nothing(std::string_view coding) {
  constexpr std::array<std::string_view, 8> kWords = {"identity", "none",  "binary", "8bit",
                                                      "7bit",     "utf-8", "utf8",   "us-ascii"};
  return coding.empty() ||
         std::ranges::any_of(kWords, [&](std::string_view word) { return equals_ignore_case(coding, word); });
}

Result<std::string> undo_one(std::string body, std::string_view coding, std::uint64_t limit) {
  if (means_nothing(coding)) return body;
  if (equals_ignore_case(coding, "gzip") || equals_ignore_case(coding, "x-gzip"))
    return undo_gzip(body, limit);
  if (equals_ignore_case(coding, "deflate")) return undo_deflate(body, limit);
  if (equals_ignore_case(coding, "br")) return undo_brotli(body, limit);
  if (equals_ignore_case(coding, "zstd")) return undo_zstd(body, limit);
  return fail(ErrorCode::kUnsupported,
              fmt::format("the body has the Content-Encoding {}, which is not known here", quote(coding)));
}

}  // namespace

Result<std::string> undo_content_coding(std::string body, std::string_view codings,
                                        std::uint64_t limit_bytes) {
  if (codings.empty()) return body;
  // What was done last is undone first.
  for (const auto coding : std::views::reverse(split(codings, ','))) {
    INVAR_ASSIGN_OR_RETURN(body, undo_one(std::move(body), trim_space(coding), limit_bytes));
  }
  return body;
}

}  // namespace invar::codec
