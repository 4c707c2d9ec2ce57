// Makes TF_CPP_MIN_LOG_LEVEL hold from TensorFlow's first line on. TensorFlow reads it late: what its libraries log while they
// are initialised ("oneDNN custom operations are on") goes to stderr whatever it says. The addon is linked with
// `-z initfirst`, so that this runs before they are.

#if __has_include("absl/log/globals.h")
#include <cstdlib>

#include "absl/log/globals.h"

namespace absl {
ABSL_NAMESPACE_BEGIN
// Weak: a TensorFlow that does not export it keeps its own ways.
__attribute__((weak)) void SetMinLogLevel(LogSeverityAtLeast severity);
ABSL_NAMESPACE_END
}  // namespace absl

__attribute__((constructor)) static void honour_log_level() {
  const char *level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  if (level != nullptr && absl::SetMinLogLevel != nullptr) {
    absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(std::atoi(level)));
  }
}
#endif
