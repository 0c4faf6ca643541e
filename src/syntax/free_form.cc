#include "syntax/free_form.h"

namespace invar::syntax {

const Schema& free_form_schema() {
  static const Schema schema = SchemaBuilder<FreeForm>().build();
  return schema;
}

}  // namespace invar::syntax
