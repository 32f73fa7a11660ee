/** Lists of models as servers write them, and what is read from them. */
export const readings: ReadonlyArray<readonly [server: string, json: unknown, models: ReadonlyArray<object>]> = [
  ["llama.cpp", {
    models: [{ name: "tiny.gguf", model: "tiny.gguf", capabilities: ["completion"] }],
    object: "list",
    data: [{ id: "tiny.gguf", object: "model", meta: { n_ctx: 16384, n_ctx_train: 32768 } }]
  }, [{ slug: "tiny.gguf", name: "tiny.gguf", contextWindow: 16384 }]],
  ["llama.cpp, before it has loaded", { data: [{ id: "tiny", meta: { n_ctx_train: 32768 } }] }, [
    { slug: "tiny", name: "tiny", contextWindow: 32768 }
  ]],
  ["Together", [{ id: "a/b", display_name: "B", context_length: 8192 }], [{
    slug: "a/b",
    name: "B",
    contextWindow: 8192
  }]],
  ["LM Studio", {
    data: [{ id: "a", max_context_length: 40960 }, { id: "b", loaded_context_length: 4096, max_context_length: 9 }]
  }, [
    { slug: "a", name: "a", contextWindow: 40960 },
    { slug: "b", name: "b", contextWindow: 4096 }
  ]],
  ["vLLM", { data: [{ id: "a", max_model_len: 131072 }] }, [{ slug: "a", name: "a", contextWindow: 131072 }]],
  ["LiteLLM", { data: [{ id: "a", max_input_tokens: "200000" }] }, [{ slug: "a", name: "a", contextWindow: 200000 }]],
  ["Copilot", { data: [{ id: "a", capabilities: { limits: { max_context_window_tokens: 64000 } } }] }, [
    { slug: "a", name: "a", contextWindow: 64000 }
  ]],
  ["one with no models", { object: "list", data: null }, []],
  ["one with odd sizes", { data: [{ id: "a", context_length: -1, meta: null, max_model_len: "many" }] }, [
    { slug: "a", name: "a" }
  ]]
]
