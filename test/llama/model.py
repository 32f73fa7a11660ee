"""Writes a model that says the same each time: a chain from token to token, with all attention zero. It calls `bash` once,
and answers when it has the output. No trained weights are in it."""
import sys

sys.path.insert(0, f"{sys.argv[1]}/gguf-py")
import gguf
import numpy as np

thinks = "thinking" in sys.argv[2]
width = 64
tokens = [("<unk>", 2), ("<s>", 3), ("</s>", 3)] + [("<0x%02X>" % i, 6) for i in range(256)]
tokens += [(c, 1) for c in [chr(c) for c in range(33, 127)] + ["▁"]]
tokens += [(s, 3) for s in ["<|a|>", "<|b|>", "<|im_start|>", "<|im_end|>"]]
call = ["▁Let", "▁me", "▁look.", '\n<tool_call>\n{"name":▁"bash",▁"arguments":▁{"command":▁"echo', '▁hello-from-tool"}}\n</tool_call>']
thought = ["<think>\nI▁should▁look.", "\n</think>\n\n"] if thinks else []
answer = ["▁All", "▁done:▁it▁said▁hello."]
tokens += [(t, 1) for t in call + thought + answer]
index = {t: i for i, (t, _) in enumerate(tokens)}
chain = {}
for words in (["<|a|>"] + thought + call + ["<|im_end|>"], ["<|b|>"] + answer + ["<|im_end|>"]):
    chain.update(zip(words, words[1:]))
embedding = np.zeros((len(tokens), width), np.float32)
output = np.zeros((len(tokens), width), np.float32)
embedding[:, 0] = 8.0
for k, (a, b) in enumerate(chain.items(), 1):
    embedding[index[a]] = 0
    embedding[index[a], k] = 8.0
    output[index[b], k] = 30.0
output[index["<|im_end|>"], 0] = 20.0

w = gguf.GGUFWriter(sys.argv[2], "llama")
w.add_name("chain")
w.add_context_length(32768)
w.add_embedding_length(width)
w.add_block_count(1)
w.add_feed_forward_length(64)
w.add_head_count(4)
w.add_head_count_kv(4)
w.add_layer_norm_rms_eps(1e-5)
w.add_rope_dimension_count(16)
w.add_vocab_size(len(tokens))
w.add_file_type(0)
w.add_tokenizer_model("llama")
w.add_token_list([t.encode() for t, _ in tokens])
w.add_token_scores([float(-i) for i in range(len(tokens))])
w.add_token_types([kind for _, kind in tokens])
w.add_bos_token_id(1)
w.add_eos_token_id(index["<|im_end|>"])
w.add_add_bos_token(False)
w.add_add_space_prefix(False)
name = "Qwen3-0.6B" if thinks else "Qwen-Qwen2.5-7B-Instruct"
import glob
[path] = glob.glob(f"{sys.argv[1]}/models/templates/*{name}.jinja")
template = open(path).read()
# What the model says depends on whether the last message is the output of a tool.
template = template[: template.rindex("{%- if add_generation_prompt %}")] + (
    "{%- if add_generation_prompt %}\n    {%- if messages[-1].role == 'tool' %}\n"
    "        {{- '<|im_start|>assistant\\n<|b|>' }}\n    {%- else %}\n"
    "        {{- '<|im_start|>assistant\\n<|a|>' }}\n    {%- endif %}\n{%- endif %}\n"
)
w.add_chat_template(template)
zeros = lambda *shape: np.zeros(shape, np.float32)
w.add_tensor("token_embd.weight", embedding)
w.add_tensor("output.weight", output)
w.add_tensor("output_norm.weight", np.ones(width, np.float32))
for part, shape in (("attn_q", 64), ("attn_k", 64), ("attn_v", 64), ("attn_output", 64), ("ffn_gate", 64), ("ffn_up", 64), ("ffn_down", 64)):
    w.add_tensor(f"blk.0.{part}.weight", zeros(shape, width))
for part in ("attn_norm", "ffn_norm"):
    w.add_tensor(f"blk.0.{part}.weight", np.ones(width, np.float32))
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()
