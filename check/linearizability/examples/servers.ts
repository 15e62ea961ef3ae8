// Toy servers with one map each: a right one, and two with mistakes that everybody makes once.
import type { Schedule } from "../testing/Schedule.ts"

export interface Server {
  readonly get: (key: string) => Promise<string | null>
  readonly put: (key: string, value: string) => Promise<void>
  readonly append: (key: string, value: string) => Promise<void>
}

/** Requests and answers take their time; in between each request is served at one go. */
export const rightServer = (schedule: Schedule): Server => {
  const map = new Map<string, string>()
  const served = async <A>(name: string, serve: () => A): Promise<A> => {
    await schedule.step(`${name} arrives`)
    const answer = serve()
    await schedule.step(`${name} is answered`)
    return answer
  }
  return {
    get: (key) => served("get", () => map.get(key) ?? null),
    put: (key, value) => served("put", () => void map.set(key, value)),
    append: (key, value) => served("append", () => void map.set(key, (map.get(key) ?? "") + value))
  }
}

/** Reads are served from a cache, which learns of a write only some time after the writer got its answer. */
export const staleCache = (schedule: Schedule): Server => {
  const server = rightServer(schedule)
  const cache = new Map<string, string>()
  const refresh = async (key: string) => {
    await schedule.step("the cache is refreshed")
    const value = await server.get(key)
    if (value !== null) cache.set(key, value)
  }
  return {
    get: async (key) => cache.get(key) ?? (await server.get(key)),
    put: async (key, value) => {
      await server.put(key, value)
      void refresh(key)
    },
    append: async (key, value) => {
      await server.append(key, value)
      void refresh(key)
    }
  }
}

/** To append it reads, waits, and writes: of two appends at the same time one is lost. */
export const lostUpdate = (schedule: Schedule): Server => {
  const server = rightServer(schedule)
  return {
    ...server,
    append: async (key, value) => {
      const before = await server.get(key)
      await server.put(key, (before ?? "") + value)
    }
  }
}
