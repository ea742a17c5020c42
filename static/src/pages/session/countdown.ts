// Seconds until another attempt is allowed.
import { useIntervalFn } from '@vueuse/core'
import { computed, ref } from 'vue'

export function useCountdown() {
  const until = ref(0)
  const whole = ref(0)
  const now = ref(Date.now())
  const { pause, resume } = useIntervalFn(
    () => {
      now.value = Date.now()
      if (now.value >= until.value) pause()
    },
    250,
    { immediate: false },
  )
  const left = computed(() => Math.max(0, Math.ceil((until.value - now.value) / 1000)))
  function start(seconds: number): void {
    now.value = Date.now()
    until.value = now.value + seconds * 1000
    whole.value = seconds
    if (seconds > 0) resume()
  }
  return { left, whole, start }
}
